import { listDocuments } from "./documents.ts";
import { byTime, type ListOptions, readSnapshots } from "./snapshots.ts";
import type { Repository, Snapshot } from "./types.ts";

/** Read at the same time. */
const wave = 16;

export interface RecentOptions extends ListOptions {
  /** Whether these, oldest first, are all that one needs to know. */
  readonly isEnough: (snapshots: readonly Snapshot[]) => boolean;
}

/**
 * The snapshots that came into the store last, oldest first; as many as it takes, and all of them where it is never enough. So
 * what a backup costs does not grow with its chain. Only for what any earlier snapshot would do, too, if less well: in a
 * repository that was copied, the store's dates are those of the copying.
 */
export async function recentSnapshots(
  repository: Repository,
  { isEnough, onDamage }: RecentOptions,
): Promise<{ readonly snapshots: readonly Snapshot[]; readonly stored: number }> {
  const files = (await listDocuments(repository, "snapshots")).sort((a, b) => b.modified - a.modified);
  const ids = files.map(({ id }) => id);
  const snapshots: Snapshot[] = [];
  for (let read = 0; read < ids.length; read += wave) {
    snapshots.push(...(await readSnapshots(repository, ids.slice(read, read + wave), onDamage && { onDamage })));
    if (isEnough(snapshots.sort(byTime))) break;
  }
  return { snapshots, stored: ids.length };
}
