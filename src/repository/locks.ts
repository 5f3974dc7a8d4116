import { isStorageError } from "../storage/errors.ts";
import { listDocuments, readDocumentIfPresent, writeDocument } from "./documents.ts";
import { type HeldLock, holdLock } from "./hold-lock.ts";
import type { LockOptions, LockPlace, StoredLock } from "./lock-place.ts";
import type { Repository } from "./types.ts";
import { requireWritable } from "./writable.ts";

export type { HeldLock, LockOptions, LockPlace, StoredLock };

/** Where a repository's locks lie. */
export const locksOf = (repository: Repository): LockPlace => ({
  description: repository.storage.description,
  remedy: "`restic unlock` removes the lock",
  list: () => listDocuments(repository, "locks"),
  read: (id) =>
    readDocumentIfPresent(repository, "locks", id).catch((error: unknown) => {
      if (isStorageError(error)) throw error;
      return null;
    }),
  write: (lock) => writeDocument(repository, "locks", lock),
  remove: (id) => repository.storage.delete(`locks/${id}`),
});

/**
 * Runs `work` while a lock of ours is in the repository. Waits up to `waitSeconds` for others to go; rejects with
 * `RepositoryLocked`, naming the holder and the age of its lock, where they do not. One that was written at the same moment as ours is waited for a little
 * in any case.
 */
export async function withLock<T>(
  repository: Repository,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  if (options.exclusive) requireWritable(repository);
  return withLockAt(locksOf(repository), options, work);
}

/** As `withLock`, for whatever keeps its locks in another way. */
export const withLockAt = <T>(
  place: LockPlace,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> =>
  holdLock(place, options, {
    async run(lock) {
      await lock.settled;
      return work(lock);
    },
    hasChanged: async () => false,
  });
