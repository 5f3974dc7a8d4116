import { reasonOf } from "../repository/errors.ts";
import { isIncomplete } from "../repository/snapshots.ts";
import { findFolder } from "../repository/tree.ts";
import type { Id, IndexedRepository, Snapshot } from "../repository/types.ts";
import type { BackupPlan } from "./plan.ts";

/** The newest snapshot of the same host and path, one that is complete if there is any. `snapshots` are oldest first. */
export function chooseParent(
  snapshots: readonly Snapshot[],
  { hostname, path }: Pick<BackupPlan, "hostname" | "path">,
): Snapshot | undefined {
  const own = snapshots.filter(
    (snapshot) => snapshot.hostname === hostname && snapshot.paths.length === 1 && snapshot.paths[0] === path,
  );
  return own.findLast((snapshot) => !isIncomplete(snapshot)) ?? own.at(-1);
}

/** The tree that the source had in the parent; undefined, with a notice, where it is damaged or not there. */
export async function findParentRoot(
  repository: IndexedRepository,
  parent: Snapshot,
  path: string,
  notices: string[],
): Promise<Id | undefined> {
  try {
    return await findFolder(repository, parent.tree, path);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== "RepositoryDamaged" && reason !== "SnapshotNotFound") throw error;
    notices.push(
      `The parent snapshot ${parent.id} cannot be used, everything is read again: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}
