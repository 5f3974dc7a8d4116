import type { WriterCounts } from "../repository/pack-sink.ts";
import { type Provenance, withProvenance } from "../repository/provenance.ts";
import { saveSnapshot } from "../repository/snapshots.ts";
import { incompleteTag, type Repository, type Snapshot } from "../repository/types.ts";
import { currentUser } from "../repository/user.ts";
import type { BackupPlan, ReadResult } from "./plan.ts";
import { programVersion } from "./program-version.ts";
import { selectionBy } from "./selection.ts";
import type { TargetSession } from "./session.ts";

export interface SnapshotOptions {
  readonly plan: BackupPlan;
  readonly repository: Repository;
  readonly session: TargetSession;
  readonly writer: { readonly counts: Readonly<WriterCounts> };
  readonly read: ReadResult;
  readonly provenance: Provenance;
  readonly isIncomplete: boolean;
}

/** Writes the snapshot that makes a backup one. Everything it refers to must be stored and indexed. */
export function writeSnapshot({
  plan,
  repository,
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
  return saveSnapshot(repository, {
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
}
