import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { checkRepository } from "./check.ts";
import { forgetSnapshots } from "./forget.ts";
import { withLock } from "./locks.ts";
import { type PruneReport, prune } from "./prune.ts";
import { testLock } from "./testing.ts";
import type { Id, Repository } from "./types.ts";

/** For tests of pruning: what is forgotten, how it stands afterwards, and a store that gets full. */

export const exclusive = { ...testLock, exclusive: true };

export const forgetAndPrune = (
  repository: Repository,
  snapshots: readonly Id[],
  maxUnusedShare = 0,
): Promise<PruneReport> =>
  withLock(repository, exclusive, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots });
    return prune({ repository, lock, maxUnusedShare });
  });

/** What a check that reads everything finds. */
export const sound = async (repository: Repository) => {
  const { problems, hints } = await checkRepository({ repository, readData: true });
  return { problems, hints };
};
export const nothing = { problems: [], hints: [] };

/** Bytes of all objects. */
export const total = (objects: ReadonlyMap<string, Buffer>): number =>
  [...objects.values()].reduce((sum, { length }) => sum + length, 0);

/** The store, with room for so many bytes in all. */
export const withRoom = (
  storage: Storage,
  objects: ReadonlyMap<string, Buffer>,
  room: number,
  onRefused: () => void = () => {},
): Storage => ({
  ...storage,
  async put(key, data, options) {
    if (total(objects) + data.length > room) {
      onRefused();
      throw new StorageError("Full", `Could not write ${key}: the store is full`);
    }
    await storage.put(key, data, options);
  },
});
