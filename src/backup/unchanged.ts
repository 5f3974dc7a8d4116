import { parseTime } from "../repository/time.ts";
import type { SnapshotDocument, TreeNode } from "../repository/types.ts";

/** A clock tick of the file systems we know: within one, a file can change without its times changing. */
const tickNanoseconds = 20_000_000n;
/** A file system may count in seconds, or in two of them: so do those of small inodes, and some network ones. */
const coarseTickNanoseconds = 2_000_000_000n;
const second = 1_000_000_000n;

/**
 * A volume's snapshot may have the times of a write and not yet its content, where nobody synced: Linux writes back what is dirty within 30 s, and
 * looks for it every 5. The rest is for clocks that differ.
 */
const writeBackNanoseconds = 60_000_000_000n;

/**
 * Restic's rule: a file whose type, size, times of modification and change, and inode are those of the parent snapshot has
 * that snapshot's content. Not trusted are nodes that were not read whole, and files changed in the very moment from which the parent's
 * data are, which may have been written to again within the same tick: when its backup began, or, where that read a volume's snapshot, when
 * that was taken.
 */
export function isUnchanged(node: TreeNode, previous: TreeNode | undefined, parent: SnapshotDocument): boolean {
  if (!previous || previous.error || previous.type !== node.type) return false;
  if (previous.size !== node.size || previous.mtime !== node.mtime) return false;
  if (previous.ctime !== node.ctime || previous.inode !== node.inode) return false;
  const end = trustedUntil(parent);
  const mayBeCoarse = node.ctime % second === 0n;
  return end !== undefined && node.ctime < (mayBeCoarse ? end - coarseTickNanoseconds : end);
}

/** It is asked for each file, of very few snapshots. */
const known = new WeakMap<SnapshotDocument, { readonly end: bigint | undefined }>();

/** What was changed from this instant on is not trusted to be in the snapshot; undefined where nobody knows since when. */
function trustedUntil(parent: SnapshotDocument): bigint | undefined {
  const found = known.get(parent);
  if (found) return found.end;
  const from = parseTime(parent.time);
  // Restic before 0.17 has no summary; its snapshots are dated with the beginning of the backup.
  const began = parseTime(parent.summary?.backup_start ?? parent.time);
  const end = from === undefined || began === undefined ? undefined : trustedBefore(from, began);
  known.set(parent, { end });
  return end;
}

/** Of a live source both are one; a volume's snapshot was dated by another clock, which may be ahead of ours. */
function trustedBefore(from: bigint, began: bigint): bigint {
  if (from === began) return began - tickNanoseconds;
  return (from < began ? from : began) - writeBackNanoseconds;
}
