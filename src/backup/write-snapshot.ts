import { RepositoryError } from "../repository/errors.ts";
import type { HeldLock } from "../repository/hold-lock.ts";
import type { WriterCounts } from "../repository/pack-sink.ts";
import { type Provenance, withProvenance } from "../repository/provenance.ts";
import { removeSnapshot, saveSnapshot } from "../repository/snapshots.ts";
import { incompleteTag, type Repository, type Snapshot } from "../repository/types.ts";
import { currentUser } from "../repository/user.ts";
import type { BackupPlan, ReadResult } from "./plan.ts";
import { programVersion } from "./program-version.ts";
import { selectionBy } from "./selection.ts";
import type { TargetSession } from "./session.ts";

export interface SnapshotOptions {
  readonly plan: BackupPlan;
  readonly repository: Repository;
  readonly lock: HeldLock;
  readonly session: TargetSession;
  readonly writer: { readonly counts: Readonly<WriterCounts> };
  readonly read: ReadResult;
  readonly provenance: Provenance;
  readonly isIncomplete: boolean;
}

/**
 * Writes the snapshot that makes a backup one. Everything it refers to must be stored and indexed. Rejects with `RepositoryLocked` where the lock was gone by
 * the time that the snapshot was stored; then it is removed again.
 */
export async function writeSnapshot({
  plan,
  repository,
  lock,
  session,
  writer,
  read,
  provenance,
  isIncomplete,
}: SnapshotOptions): Promise<Snapshot> {
  const { counts } = session;
  const user = currentUser();
  const excludes = selectionBy(plan.config).rules;
  const tags = [...withProvenance(plan.tags, provenance), ...(isIncomplete ? [incompleteTag] : [])];
  const snapshot = await saveSnapshot(repository, {
    time: plan.time,
    ...(session.parent && { parent: session.parent.id }),
    tree: read.tree,
    paths: [plan.path],
    hostname: plan.hostname,
    username: user.username,
    ...(user.uid > 0 && { uid: user.uid }),
    ...(user.gid > 0 && { gid: user.gid }),
    ...(excludes.length > 0 && { excludes }),
    tags,
    program_version: programVersion,
    summary: {
      backup_start: plan.started,
      backup_end: new Date().toISOString(),
      files_new: counts.filesNew,
      files_changed: counts.filesChanged,
      files_unmodified: counts.filesUnmodified,
      dirs_new: counts.foldersNew,
      dirs_changed: counts.foldersChanged,
      dirs_unmodified: counts.foldersUnmodified,
      data_blobs: writer.counts.dataBlobs,
      tree_blobs: writer.counts.treeBlobs,
      data_added: writer.counts.bytesAdded,
      data_added_packed: writer.counts.bytesStored,
      total_files_processed: read.totals.files,
      total_bytes_processed: read.totals.bytes,
    },
  });
  await proveInTime({ plan, repository, lock, session, snapshot });
  return snapshot;
}

/**
 * Whoever takes our lock for a dead one removes it before listing the snapshots. So while it stands, ours is known to everybody who
 * prunes; one that was held up on its way into the store for longer may have lost its packs, and must not be taken for a backup.
 */
async function proveInTime({
  plan,
  repository,
  lock,
  session,
  snapshot,
}: Pick<SnapshotOptions, "plan" | "repository" | "lock" | "session"> & { readonly snapshot: Snapshot }): Promise<void> {
  try {
    await lock.confirm();
  } catch (error) {
    // The lock was looked at first: it stands, and we are to stop, which we do.
    if (plan.signal.aborted && error === plan.signal.reason) return;
    if (error instanceof RepositoryError && error.reason === "RepositoryLocked") {
      await removeSnapshot(repository, snapshot.id).catch((failure: unknown) => {
        session.notices.push(
          `The snapshot ${snapshot.id} was written too late, may lack data, and could not be removed (${failure}): run check, and forget it.`,
        );
      });
    }
    throw error;
  }
}
