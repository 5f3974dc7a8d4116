import { parseTime } from "../repository/time.ts";
import type { SnapshotDocument, TreeNode } from "../repository/types.ts";

/** A clock tick of the file systems we know: within one, a file can change without its times changing. */
const tickNanoseconds = 20_000_000n;

/**
 * Restic's rule: a file whose type, size, times of modification and change, and inode are those of the parent snapshot has
 * that snapshot's content. Not trusted are nodes that were not read whole, and files changed in the very moment when the parent's
 * backup began, which may have been written to again within the same tick.
 */
export function isUnchanged(node: TreeNode, previous: TreeNode | undefined, parent: SnapshotDocument): boolean {
  if (!previous || previous.error || previous.type !== node.type) return false;
  if (previous.size !== node.size || previous.mtime !== node.mtime) return false;
  if (previous.ctime !== node.ctime || previous.inode !== node.inode) return false;
  // Restic before 0.17 has no summary; its snapshots are dated with the beginning of the backup.
  const began = parseTime(parent.summary?.backup_start ?? parent.time);
  return began === undefined || node.ctime < began - tickNanoseconds;
}
