import { expect } from "vitest";
import { persistentVolumes } from "../../src/kube/resources.ts";
import { quietApplication } from "./support/application.ts";
import { client } from "./support/cluster.ts";
import { type Case, expectFailure, failingRun, withGoodPoint } from "./support/failures.ts";
import { claim, policy } from "./support/manifests.ts";
import { scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

const cases: readonly Case[] = [
  {
    name: "class",
    title: "a snapshot class that does not exist",
    spoil: (s) =>
      s.change("backuppolicy", "shop", { spec: { snapshot: { volumeSnapshotClassName: "no-such-class" } } }),
    expected: { outcome: "Failed", reason: "SnapshotClassNotFound", message: /no-such-class/ },
  },
  {
    name: "quota",
    title: "a quota without room for the mover",
    // One for the application and one for the runner.
    spoil: (s) =>
      s.apply({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "small" }, spec: { hard: { pods: "2" } } }),
    expected: { outcome: "Failed", reason: "QuotaExceeded", message: /exceeded quota: small/ },
  },
  {
    name: "nowhere",
    title: "movers that no node takes",
    spoil: (s) => s.change("backuppolicy", "shop", { spec: { mover: { nodeSelector: { "no-such": "node" } } } }),
    expected: {
      outcome: "Failed",
      reason: "Unschedulable",
      message: /didn't match Pod's node affinity\/selector/,
    },
  },
];

for (const one of cases) failingRun(one);

scenario("a run without any volume fails", "no-volumes", async (s) => {
  await s.apply(policy("shop", undefined, { volumes: { selector: { matchLabels: { app: "nobody" } } } }));
  const expected = { outcome: "Failed", reason: "NoVolumesMatch", message: /spec\.volumes/ };
  await expectFailure(s, await s.run("shop-full"), expected);
});

scenario("a volume that cannot be snapshotted fails by name, and the other is backed up", "no-csi", async (s) => {
  await s.runApplication(quietApplication);
  const name = `${s.namespace}-plain`;
  await client.create(persistentVolumes, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "100Mi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: "",
      hostPath: { path: "/tmp" },
    },
  });
  try {
    await s.apply(
      claim("plain", "", { volumeName: name }),
      policy("shop", undefined, { volumes: { names: ["data", "plain"] } }),
    );
    await until("the plain volume to be bound", async () => {
      const { status } = await s.get<{ status?: { phase?: string } }>("pvc", "plain");
      return status?.phase === "Bound";
    });
    const expected = {
      outcome: "Degraded",
      reason: "SnapshotUnsupported",
      message: /plain.*not of a CSI driver/,
    };
    await expectFailure(s, await s.run("shop-full"), expected);
    expect((await s.points()).map(({ spec, status }) => [spec.pvc.name, status?.phase])).toEqual([
      ["data", "Succeeded"],
    ]);
  } finally {
    await client.delete(persistentVolumes, { name });
  }
});

scenario("a volume deleted in mid-run is told, and what was taken of it stays", "deleted", async (s) => {
  await withGoodPoint(s);
  await s.remove("pod", "application");
  const job = await s.startRun("shop-incremental");
  await until("the run's restore point", async () => (await s.points()).length === 2);
  await s.remove("pvc", "data");
  const expected = {
    outcome: "Degraded",
    reason: "VolumeNotFound",
    message: /PVC data was deleted while/,
  };
  await expectFailure(s, await s.endOfRun(job), expected);
  expect((await s.points()).map(({ status }) => status?.phase)).toEqual(["Succeeded", "Succeeded"]);

  const after = { outcome: "Failed", reason: "VolumeNotFound", message: /no PVC "data"/ };
  await expectFailure(s, await s.run("shop-incremental"), after);
  expect((await s.points()).length).toBe(2);
});
