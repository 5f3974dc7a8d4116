import { expect, test } from "vitest";
import { persistentVolumeClaims, type Resource } from "../../kube/resources.ts";
import type { VolumeSnapshot } from "../../kube/types.ts";
import { contextIn, ours } from "../testing.ts";
import { takeSnapshot } from "./snapshot.ts";

const status = { creationTime: "2026-11-28T01:00:00Z", readyToUse: true, restoreSize: "1Gi" };

/** A cluster in which every snapshot is taken at once; `claims` are the UIDs of the PVC as it is found, look by look. */
function clusterWith(found: { readonly of: string } | undefined, ...claims: readonly (string | undefined)[]) {
  const calls: string[] = [];
  const metadata = { name: "snap", labels: ours };
  let snapshot: object | undefined = found && {
    metadata: { ...metadata, annotations: { "holdfast.dev/pvc-uid": found.of } },
    status,
  };
  let looks = 0;
  const client = {
    async find({ kind }: Resource) {
      if (kind !== persistentVolumeClaims.kind) return snapshot;
      const uid = claims[Math.min(looks++, claims.length - 1)];
      return uid && { metadata: { name: "data", uid } };
    },
    async delete() {
      calls.push("delete");
      snapshot = undefined;
    },
    async create(_: unknown, object: VolumeSnapshot) {
      calls.push("create");
      snapshot = { ...object, status };
      return snapshot;
    },
  };
  return { context: contextIn(client), calls };
}

const take = ({ context }: ReturnType<typeof clusterWith>) =>
  takeSnapshot(context, { name: "snap", pvc: { name: "data", uid: "one" }, className: "csi", labels: {} });

test("goes on with a snapshot of this very volume", async () => {
  const cluster = clusterWith({ of: "one" }, "one");
  expect(await take(cluster)).toMatchObject({ name: "snap", time: new Date(status.creationTime) });
  expect(cluster.calls).toEqual([]);
});

test("takes one anew where an earlier attempt had taken one of the volume that had the name before", async () => {
  const cluster = clusterWith({ of: "before" }, "one");
  await take(cluster);
  expect(cluster.calls).toEqual(["delete", "create"]);
});

test("takes nothing for a snapshot of this volume when another one has its name by then", async () => {
  await expect(take(clusterWith(undefined, "two"))).rejects.toMatchObject({ reason: "VolumeNotFound" });
});

test("says of an error that stays what it was and where to look", async () => {
  const failing = {
    async find({ kind }: Resource) {
      if (kind === persistentVolumeClaims.kind) return { metadata: { name: "data", uid: "one" } };
      const annotations = { "holdfast.dev/pvc-uid": "one" };
      return {
        metadata: { name: "snap", labels: ours, annotations },
        status: { error: { message: "the pool is full" } },
      };
    },
  };
  const context = contextIn(failing);
  const impatient = { ...context, patience: { ...context.patience, snapshotError: 0 } };
  await expect(take({ context: impatient, calls: [] })).rejects.toMatchObject({
    reason: "SnapshotFailed",
    message: "the snapshot of PVC data failed: the pool is full; look at the CSI driver and the snapshot controller",
  });
});

test("a volume that was deleted after its snapshot was taken is as good as any", async () => {
  expect(await take(clusterWith(undefined, undefined))).toMatchObject({ name: "snap" });
});
