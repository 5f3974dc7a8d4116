import { afterEach, describe, expect, it, vi } from "vitest";
import type { RestoreTest } from "../../api/objects.ts";
import { restoreTestSpec, restoreTestStatus } from "../../api/restoretest.ts";
import type { KubeObject } from "../../kube/types.ts";
import { clusterWith, type End, evicted, failedResult, restoreResult, snapshot, stopped } from "../testing-movers.ts";
import { testCopy } from "./test-copy.ts";

const restored: End = { code: 0, said: restoreResult({ snapshot }) };
const compared: End = { code: 0, said: restoreResult({ kind: "verify", snapshot }) };

const storageClass = { ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass" }, metadata: { name: "fast" } };
const point = (hoursAgo: number) => {
  const time = new Date(Date.now() - hoursAgo * 3_600_000).toISOString();
  return {
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "RestorePoint",
    metadata: { name: "data-1", namespace: "shop", uid: "point" },
    spec: {
      ...{ policy: "shop", schedule: "nightly", pvc: { name: "data", uid: "u1" }, chain: "20261123T010000Z" },
      ...{ type: "Full", time, run: "run", source: { spec: { storageClassName: "fast" } } },
    },
    status: { copies: [{ target: "onprem", state: "Good", snapshot, completionTime: time }] },
  };
};

function testIn({ context }: ReturnType<typeof clusterWith>, more: object = {}) {
  const given = { policyRef: { name: "shop" }, cron: "0 5 * * 0", ...more };
  const test = {
    metadata: { name: "restores", namespace: "shop", uid: "t" },
    spec: restoreTestSpec.parse(given),
  } as RestoreTest;
  const pvc = { name: "data", uid: "u1" };
  return testCopy(context, { test, pvc, target: "onprem", kind: "chain", maxAgeSeconds: 86_400 });
}

const clusterOf = (ends: readonly (End | undefined)[], copy: KubeObject = point(1)) =>
  clusterWith(ends, storageClass, copy);

/** Each mover takes so long as the next of `seconds` says. */
function timed(cluster: ReturnType<typeof clusterWith>, seconds: readonly number[]) {
  let clock = 0;
  let jobs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
  const { create } = cluster.client;
  cluster.client.create = (resource, object) => {
    if (resource.kind === "Job") clock += (seconds[jobs++] ?? 0) * 1000;
    return create(resource, object);
  };
  return cluster;
}
afterEach(() => void vi.restoreAllMocks());

const scratchOf = ({ history }: ReturnType<typeof clusterWith>) =>
  history.filter((call) => call.endsWith("PersistentVolumeClaim"));
const [made, removed, kept] = ["+PersistentVolumeClaim", "-PersistentVolumeClaim", "~PersistentVolumeClaim"];

describe("a test whose pod the cluster stops or loses", () => {
  it.each([
    ["is gone without a word", undefined],
    ["was killed for the node's sake", evicted],
    ["was told to stop", stopped],
    ["was killed with its node", { code: 255, said: "", reason: "Unknown" }],
  ])("begins anew, in a volume and with a time of its own: one that %s", async (_, end) => {
    const cluster = timed(clusterOf([end, restored, compared]), [60, 90, 30]);
    expect(await testIn(cluster)).toMatchObject({ result: "Passed", restoreSeconds: 90, bytes: 9, files: 7 });
    expect(scratchOf(cluster)).toEqual([made, removed, made, removed]);
  });

  it("begins anew with the restore where it was the comparison that was stopped", async () => {
    const cluster = clusterOf([restored, undefined, restored, compared]);
    expect(await testIn(cluster)).toMatchObject({ result: "Passed" });
    expect(scratchOf(cluster)).toEqual([made, removed, made, removed]);
  });

  it("chooses afresh, as the copy that it had chosen may be gone by then", async () => {
    const cluster = clusterOf([evicted, restored, compared]);
    const [first, second] = [point(1), point(0.5)];
    const { create } = cluster.client;
    let made = 0;
    cluster.client.create = async (resource, object) => {
      if (resource.kind === "Job" && made++ === 0) {
        const copy = { ...first.status.copies[0], state: "Pruned" };
        const gone = { ...first, status: { copies: [copy] } };
        const next = { ...second, metadata: { ...second.metadata, name: "data-2", uid: "next" } };
        for (const each of [gone, next]) cluster.objects.set(`RestorePoint ${each.metadata.name}`, each as KubeObject);
      }
      return create(resource, object);
    };
    expect(await testIn(cluster)).toMatchObject({ result: "Passed", restorePoint: "data-2" });
    expect(cluster.applied).toMatchObject([{ metadata: { name: "data-2" } }]);
  });

  it("restores into nothing that an attempt before has begun to fill", async () => {
    const cluster = clusterOf([evicted, restored, compared]);
    const { delete: remove } = cluster.client;
    cluster.client.delete = async (resource, ref) => {
      if (resource.kind !== "PersistentVolumeClaim") await remove(resource, ref);
    };
    const patience = { ...cluster.context.patience, cleanUp: 0 };
    const result = testIn({ ...cluster, context: { ...cluster.context, patience } });
    expect(await result).toMatchObject({ result: "Failed", reason: "MoverLost" });
    expect(cluster.history.filter((call) => call === "+Job")).toHaveLength(1);
  });

  it("keeps a volume to look at of the last time only", async () => {
    const cluster = clusterOf([evicted, evicted, evicted]);
    const { reason, message } = await testIn(cluster, { keepOnFailure: true });
    expect({ reason, message }).toEqual({ reason: "MoverLost", message: expect.stringContaining("low on memory") });
    expect(scratchOf(cluster)).toEqual([made, kept, removed, made, kept, removed, made, kept]);
    expect(cluster.applied, "nobody knows anything new of the copy").toEqual([]);
  });

  it("does not begin anew where it failed by itself", async () => {
    const cluster = clusterOf([{ code: 1, said: failedResult("RepositoryDamaged", "A pack is missing.") }]);
    expect(await testIn(cluster)).toMatchObject({ result: "Failed", reason: "RepositoryDamaged" });
    expect(scratchOf(cluster)).toEqual([made, removed]);
    expect(cluster.applied).toMatchObject([{ status: { copies: [{ verified: { result: "Failed" } }] } }]);
  });
});

describe("a copy that is good and too old", () => {
  it("has failed with what was measured of it, as it is proven", async () => {
    const cluster = timed(clusterOf([restored, compared], point(48)), [90, 30]);
    const result = await testIn(cluster);
    expect(result).toMatchObject({ result: "Failed", reason: "RestorePointTooOld" });
    expect(result).toMatchObject({ restoreSeconds: 90, bytes: 9, files: 7, ageSeconds: 48 * 3600 });
    expect(restoreTestStatus.parse({ results: [result] }).results).toEqual([result]);
    expect(cluster.applied).toMatchObject([{ status: { copies: [{ verified: { result: "Passed" } }] } }]);
  });

  it("has failed without any measure where it was not restored to the end", async () => {
    const full = { code: 1, said: failedResult("TargetVolumeFull", "/target is full: use a larger volume.") };
    expect(await testIn(clusterOf([full], point(48)))).not.toHaveProperty("restoreSeconds");
  });
});
