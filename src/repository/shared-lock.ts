import { holdLock, type SettlingLock } from "./hold-lock.ts";
import type { LockOptions } from "./lock-place.ts";
import { locksOf } from "./locks.ts";
import { type SettlingView, settlingView } from "./settling-view.ts";
import type { Repository } from "./types.ts";

/**
 * As `withLock`, for work that others may do, too. It begins while the lock settles, and begins anew where somebody was there first, or where something
 * that it had read is gone. What it writes to the repository that it is given waits, and so does its result; all else that has an effect
 * has to wait for `settled`. It must come to an end when `signal` aborts.
 */
export const withSharedLock = <T>(
  repository: Repository,
  options: Omit<LockOptions, "exclusive">,
  work: (repository: Repository, lock: SettlingLock) => Promise<T>,
): Promise<T> => {
  let view: SettlingView | undefined;
  return holdLock(
    locksOf(repository),
    { ...options, exclusive: false },
    {
      run(lock) {
        view = settlingView(repository.storage, lock.settled);
        return work({ ...repository, storage: view.storage }, lock);
      },
      hasChanged: async () => (await view?.hasLost()) ?? false,
    },
  );
};
