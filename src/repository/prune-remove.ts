import { forEachConcurrently } from "./concurrency.ts";
import type { HeldLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import type { Id, Repository } from "./types.ts";
import { whileOurs } from "./while-ours.ts";

export interface RemoveOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  /** No index names them. */
  readonly packs: readonly Id[];
  readonly onRemoved: (pack: Id) => void;
}

const concurrentRemovals = 8;

/** Removes packs for as long as the lock is ours: another run may have indexed them as soon as it is not. */
export async function removePacks({ repository, lock, packs, onRemoved }: RemoveOptions): Promise<void> {
  if (packs.length === 0) return;
  await lock.confirm();
  const assertOurs = whileOurs(lock);
  await forEachConcurrently(packs, concurrentRemovals, async (pack) => {
    await assertOurs();
    await repository.storage.delete(packKey(pack));
    onRemoved(pack);
  });
}
