import { expect } from "vitest";
import type { BackupPolicy } from "../../src/api/objects.ts";
import { persistentVolumes } from "../../src/kube/resources.ts";
import { quietApplication } from "./support/application.ts";
import { client, type TargetName } from "./support/cluster.ts";
import { claim, policy, secret } from "./support/manifests.ts";
import { checkRepository } from "./support/referee.ts";
import { type RunEnd, type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

/** A volume that was backed up well once, to both targets. */
async function withGoodPoint(s: Scenario): Promise<void> {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
}

type Expected = { readonly outcome: string; readonly reason: string; readonly message: RegExp };

/** The run ended so, the policy says so too, nothing is left, and what was good before is as good as it was. */
async function expectFailure(s: Scenario, end: RunEnd, { outcome, reason, message }: Expected): Promise<void> {
  expect(end).toMatchObject({ succeeded: false, report: { outcome, reason } });
  expect(end.report.message).toMatch(message);
  await until(`LastRunSucceeded to say ${reason}`, async () => {
    const { status } = await s.get<BackupPolicy>("backuppolicy", "shop");
    const condition = status?.conditions?.find(({ type }) => type === "LastRunSucceeded");
    return condition?.status === "False" && condition.reason === reason && message.test(condition.message);
  });
  await s.expectNothingLeft();
  const [first] = await s.points();
  if (!first) return;
  expect(first.status?.phase).toBe("Succeeded");
  for (const copy of first.status?.copies ?? []) {
    await checkRepository(copy.target as TargetName, copy.repository ?? "", { unused: false });
  }
}

type Case = {
  readonly name: string;
  readonly title: string;
  readonly spoil: (s: Scenario) => Promise<void>;
  readonly expected: Expected;
};

const offsiteS3 = (change: object) => (s: Scenario) => s.change("backuptarget", "offsite", { spec: { s3: change } });
const bothS3 = (change: object) => async (s: Scenario) => {
  for (const name of ["onprem", "offsite"]) await s.change("backuptarget", name, { spec: { s3: change } });
};

const cases: readonly Case[] = [
  {
    name: "keys",
    title: "credentials that the store rejects",
    spoil: (s) => s.apply(secret("offsite-s3", { AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "nothing" })),
    expected: { outcome: "Degraded", reason: "CredentialsRejected", message: /offsite/ },
  },
  {
    name: "no-secret",
    title: "a Secret that is missing",
    spoil: (s) => s.remove("secret", "offsite-s3"),
    expected: { outcome: "Degraded", reason: "SecretNotFound", message: /Secret "offsite-s3".*make it/ },
  },
  {
    name: "no-key",
    title: "a Secret without the repository's password",
    spoil: (s) => s.change("secret", "repository-key", { data: { password: null } }),
    expected: { outcome: "Failed", reason: "SecretNotFound", message: /"repository-key".*key "password"/ },
  },
  {
    name: "bucket",
    title: "a bucket that does not exist",
    spoil: offsiteS3({ bucket: "no-such-bucket" }),
    expected: { outcome: "Degraded", reason: "BucketNotFound", message: /no-such-bucket/ },
  },
  {
    name: "endpoint",
    title: "endpoints that do not answer",
    spoil: bothS3({ endpoint: "http://127.0.0.1:9" }),
    expected: { outcome: "Failed", reason: "StoreUnreachable", message: /127\.0\.0\.1:9/ },
  },
  {
    name: "password",
    title: "a wrong repository password",
    spoil: (s) => s.apply(secret("repository-key", { password: "forgotten" })),
    expected: { outcome: "Failed", reason: "WrongPassword", message: /password/ },
  },
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
    expected: { outcome: "Failed", reason: "Unschedulable", message: /didn't match Pod's node affinity\/selector/ },
  },
];

for (const { name, title, spoil, expected } of cases) {
  scenario(`a run fails by its own name on ${title}`, name, async (s) => {
    await withGoodPoint(s);
    await spoil(s);
    await expectFailure(s, await s.run("shop-incremental"), expected);
  });
}

scenario("a run without any volume fails", "no-volumes", async (s) => {
  await s.apply(policy("shop", undefined, { volumes: { selector: { matchLabels: { app: "nobody" } } } }));
  const expected = { outcome: "Failed", reason: "NoVolumesMatch", message: /spec\.volumes/ };
  await expectFailure(s, await s.run("shop-full"), expected);
});

scenario(
  "a target that does not exist keeps the policy from being in force, and a run from lying",
  "no-target",
  async (s) => {
    await withGoodPoint(s);
    await s.remove("backuptarget", "offsite");
    const expected = { outcome: "Degraded", reason: "TargetNotFound", message: /no BackupTarget "offsite"/ };
    await expectFailure(s, await s.run("shop-incremental"), expected);
    const last = (await s.points()).at(-1);
    expect(last?.status?.copies?.map(({ target, state }) => [target, state])).toEqual([
      ["onprem", "Good"],
      ["offsite", "Failed"],
    ]);
  },
);

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
    const expected = { outcome: "Degraded", reason: "SnapshotUnsupported", message: /plain.*not of a CSI driver/ };
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
  const expected = { outcome: "Degraded", reason: "VolumeNotFound", message: /PVC data was deleted while/ };
  await expectFailure(s, await s.endOfRun(job), expected);
  expect((await s.points()).map(({ status }) => status?.phase)).toEqual(["Succeeded", "Succeeded"]);

  const after = { outcome: "Failed", reason: "VolumeNotFound", message: /no PVC "data"/ };
  await expectFailure(s, await s.run("shop-incremental"), after);
  expect((await s.points()).length).toBe(2);
});
