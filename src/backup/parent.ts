import type { SnapshotType } from "../contract/snapshot-type.ts";
import { provenanceOf } from "../repository/provenance.ts";
import { isIncomplete } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";
import type { BackupPlan } from "./plan.ts";

type Origin = Pick<BackupPlan, "hostname" | "path">;

/**
 * The snapshot that unchanged files are compared with: the newest one, but the Full's for a Differential, and none where that one
 * was forgotten; its data is found all the same. `snapshots` are oldest first.
 */
export function chooseParent(snapshots: readonly Snapshot[], origin: Origin, type: SnapshotType): Snapshot | undefined {
  if (type !== "Differential") return newestOf(snapshots, origin);
  return newestOf(
    snapshots.filter((snapshot) => provenanceOf(snapshot)?.type === "Full"),
    origin,
  );
}

/** The newest snapshot of the same host and path, one that is complete if there is any. */
export function newestOf(snapshots: readonly Snapshot[], { hostname, path }: Origin): Snapshot | undefined {
  const own = snapshots.filter(
    (snapshot) => snapshot.hostname === hostname && snapshot.paths.length === 1 && snapshot.paths[0] === path,
  );
  return own.findLast((snapshot) => !isIncomplete(snapshot)) ?? own.at(-1);
}
