import { listDocuments } from "./documents.ts";
import type { RepositoryError } from "./errors.ts";
import { byTime, type ListOptions, readSnapshots } from "./snapshots.ts";
import type { Repository, Snapshot } from "./types.ts";

/** Read at the same time. */
const wave = 16;

export interface RecentOptions extends ListOptions {
  /** Whether these, oldest first, are all that one needs to know. */
  readonly isEnough: (snapshots: readonly Snapshot[]) => boolean;
}

export interface RecentSnapshots {
  readonly snapshots: readonly Snapshot[];
  /** How many there are in all: damaged ones, and those that were not or could not be read, too. */
  readonly stored: number;
}

/**
 * The snapshots that came into the store last, oldest first; as many as it takes, and all of them where it is never enough. So
 * what a backup costs does not grow with its chain. Only for what any earlier snapshot would do, too, if less well: in a
 * repository that was copied, the store's dates are those of the copying.
 */
export async function recentSnapshots(
  repository: Repository,
  { isEnough, onDamage }: RecentOptions,
): Promise<RecentSnapshots> {
  const files = (await listDocuments(repository, "snapshots")).sort((a, b) => b.modified - a.modified);
  const ids = files.map(({ id }) => id);
  const snapshots: Snapshot[] = [];
  let stored = ids.length;
  for (let read = 0; read < ids.length; read += wave) {
    const some = ids.slice(read, read + wave);
    let damaged = 0;
    const tell = (error: RepositoryError) => {
      damaged++;
      onDamage?.(error);
    };
    const found = await readSnapshots(repository, some, onDamage && { onDamage: tell });
    // A stale listing may name what was removed.
    stored -= some.length - found.length - damaged;
    snapshots.push(...found);
    if (isEnough(snapshots.sort(byTime))) break;
  }
  return { snapshots, stored };
}
