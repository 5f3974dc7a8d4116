import { setTimeout as sleep } from "node:timers/promises";
import type { LockIdentity } from "../mover/configs.ts";
import { isStorageError } from "../storage/errors.ts";
import { listDocuments, readDocumentIfPresent, writeDocument } from "./documents.ts";
import { RepositoryError } from "./errors.ts";
import { decodeLock, describeLock, encodeLock, type Lock, processIdentity } from "./lock-file.ts";
import { keepLock } from "./lock-keeper.ts";
import { conflicts, judgeLock, type LockVerdict } from "./lock-rules.ts";
import { type SettlingView, settlingView } from "./settling-view.ts";
import type { Id, Repository } from "./types.ts";
import { requireWritable } from "./writable.ts";

export interface LockOptions {
  /** Alone in the repository: for everything that removes data. Refused as `FormatReadOnly` in format 1. */
  readonly exclusive: boolean;
  readonly identity: LockIdentity;
  /** Told in a sentence when the lock of a dead or absent holder was removed. */
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HeldLock {
  readonly exclusive: boolean;
  /** Aborts when the caller's signal does, where the lock does not settle, and when it is lost: then somebody may be removing data. */
  readonly signal: AbortSignal;
  /** Rejects with `RepositoryLocked` where our lock is not there any more. Ask before a step that relies on it. */
  confirm(): Promise<void>;
}

/** Where locks lie: sealed documents in a repository, plain JSON in a mirror. */
export interface LockPlace {
  /** For messages. */
  readonly description: string;
  /** What a person can do about a lock that nobody holds any more. */
  readonly remedy: string;
  list(): Promise<readonly Id[]>;
  /** Parsed JSON; undefined where it is gone, null where it is no JSON that we can read. Rejects with the store's error. */
  read(id: Id): Promise<unknown>;
  write(lock: unknown): Promise<Id>;
  remove(id: Id): Promise<void>;
}

const locksOf = (repository: Repository): LockPlace => ({
  description: repository.storage.description,
  remedy: "`restic unlock` removes the lock",
  list: async () => (await listDocuments(repository, "locks")).map(({ id }) => id),
  read: (id) =>
    readDocumentIfPresent(repository, "locks", id).catch((error: unknown) => {
      if (isStorageError(error)) throw error;
      return null;
    }),
  write: (lock) => writeDocument(repository, "locks", lock),
  remove: (id) => repository.storage.delete(`locks/${id}`),
});

/** How long a new lock waits before it looks for others again: one written at the same moment is visible by then. */
const settleMilliseconds = 200;
const retryMilliseconds = 1000;
/** So many retreats it takes to give up, however little patience there is: the other one retreats as well. */
const retreatsAtLeast = 3;

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
  attemptUntilDone(place, options, {
    async run(lock) {
      await lock.settled;
      return work(lock);
    },
    hasChanged: async () => false,
  });

/** A lock that may still be settling. */
export interface SettlingLock extends HeldLock {
  /** Resolves when nobody was found who excludes us, and all is still there that was read. Rejects otherwise, as `signal` aborts. */
  readonly settled: Promise<void>;
}

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
  return attemptUntilDone(
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

interface Work<T> {
  run(lock: SettlingLock): Promise<T>;
  /** Asked once, when nobody was found who excludes us: whether what was read before that is void. */
  hasChanged(): Promise<boolean>;
}

async function attemptUntilDone<T>(place: LockPlace, options: LockOptions, work: Work<T>): Promise<T> {
  const deadline = Date.now() + options.identity.waitSeconds * 1000;
  for (let retreats = 0; ; ) {
    options.signal?.throwIfAborted();
    const conflict = await findConflict(place, options);
    const attempt: Attempt<T> = conflict
      ? { obstacle: lockedError(place, conflict) }
      : await tryOnce(place, options, work);
    if ("result" in attempt) return attempt.result;
    options.signal?.throwIfAborted();
    const isLast = conflict !== undefined || ++retreats >= retreatsAtLeast;
    const left = deadline - Date.now();
    if (isLast && left <= 0) throw attempt.obstacle;
    const wanted = retryMilliseconds * (0.5 + Math.random());
    await pause(left > 0 ? Math.min(wanted, left) : wanted, options.signal);
  }
}

/** Rejects with the signal's own reason. */
const pause = async (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted());

/** The obstacle is somebody else's lock, or that something was read which is not there any more. */
type Attempt<T> = { readonly result: T } | { readonly obstacle: RepositoryError };

async function tryOnce<T>(place: LockPlace, options: LockOptions, work: Work<T>): Promise<Attempt<T>> {
  const first = await writeLock(place, options);
  const keeper = keepLock({
    first,
    where: place.description,
    isPresent: (id) => isPresent(place, id),
    write: () => writeLock(place, options),
    remove: (id) => place.remove(id),
  });
  const release = async (): Promise<void> => {
    const last = await keeper.stop();
    await place.remove(last).catch((error: unknown) => {
      // The work is done all the same, and others wait no longer than half an hour.
      options.onNotice?.(`Our lock locks/${last} on ${place.description} could not be removed: ${error}`);
    });
  };
  const retreat = new AbortController();
  const signal = AbortSignal.any([keeper.signal, retreat.signal, ...(options.signal ? [options.signal] : [])]);
  let obstacle: RepositoryError | undefined;
  const settle = async (): Promise<void> => {
    await pause(settleMilliseconds, options.signal);
    const conflict = await findConflict(place, options, first);
    if (!conflict && !(await work.hasChanged())) return;
    obstacle = conflict ? lockedError(place, conflict) : changedError(place);
    throw obstacle;
  };
  const settled = settle();
  // Nothing was written under it: nobody has to wait until the work has noticed.
  const retreated = settled.catch(async (error: unknown) => {
    retreat.abort(error);
    await place.remove(await keeper.stop());
  });
  retreated.catch(() => {});
  const confirm = async (): Promise<void> => {
    await settled;
    await keeper.confirm();
    signal.throwIfAborted();
  };
  const run = async (): Promise<T> => {
    try {
      return await work.run({ exclusive: options.exclusive, signal, settled, confirm });
    } finally {
      // What went wrong before may be somebody else's doing, who was there first, and what went right is not known to be.
      await settled;
    }
  };
  try {
    const result = await run();
    await release();
    return { result };
  } catch (error) {
    if (obstacle) {
      // If it stays, it stands in our own way.
      await retreated;
      return { obstacle };
    }
    await (retreat.signal.aborted ? retreated.catch(() => {}) : release());
    throw error;
  }
}

const writeLock = (place: LockPlace, { exclusive, identity }: LockOptions): Promise<Id> =>
  place.write(encodeLock({ exclusive, hostname: identity.holder, now: Date.now() }));

const isPresent = async (place: LockPlace, id: Id): Promise<boolean> => (await place.list()).includes(id);

/** Somebody else's living lock that excludes ours. The locks of the dead are removed on the way. */
async function findConflict(place: LockPlace, options: LockOptions, own?: Id): Promise<Lock | undefined> {
  const self = processIdentity(process.pid);
  const { holder, deadHolders } = options.identity;
  let conflict: Lock | undefined;
  for (const lock of await readLocks(place)) {
    if (lock.id === own) continue;
    const now = Date.now();
    const verdict = judgeLock(lock, { now, holder, deadHolders, self, identityOf: processIdentity });
    if (verdict === "Alive") {
      if (conflicts(lock, options.exclusive)) conflict ??= lock;
      continue;
    }
    await place.remove(lock.id);
    options.onNotice?.(`Removed ${describeLock(lock, now)}, on ${place.description}: ${whyRemoved[verdict]}.`);
  }
  return conflict;
}

const whyRemoved: Readonly<Record<Exclude<LockVerdict, "Alive">, string>> = {
  DeadHolder: "its holder is gone",
  DeadProcess: "its process has ended",
  Stale: "it was not refreshed for more than 30 minutes",
};

async function readLocks(place: LockPlace): Promise<Lock[]> {
  const locks: Lock[] = [];
  for (const id of await place.list()) {
    const document = await place.read(id);
    if (document === undefined) continue;
    locks.push(decodeLock(id, document) ?? unreadableLock(id));
  }
  return locks;
}

/** Somebody's, at some time: to be respected like one that excludes everybody. */
const unreadableLock = (id: Id): Lock => ({
  id,
  time: Date.now(),
  exclusive: true,
  hostname: `unreadable lock ${id}`,
  pid: 0,
});

const changedError = (place: LockPlace): RepositoryError =>
  new RepositoryError(
    "RepositoryLocked",
    `Something in ${place.description} was gone by the time that our lock was seen by everybody: somebody was removing data. Run it again.`,
  );

const lockedError = (place: LockPlace, lock: Lock): RepositoryError =>
  new RepositoryError(
    "RepositoryLocked",
    `${place.description} is in use: ${describeLock(lock, Date.now())}. ` +
      `Wait for it to finish; if nothing is running any more, ${place.remedy}.`,
  );
