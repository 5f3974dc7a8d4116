import { setTimeout as sleep } from "node:timers/promises";
import { RepositoryError } from "./errors.ts";
import { keepLock } from "./lock-keeper.ts";
import { findConflict, isPresent, type LockOptions, type LockPlace, lockedError, writeLock } from "./lock-place.ts";

export interface HeldLock {
  readonly exclusive: boolean;
  /** Aborts when the caller's signal does, where the lock does not settle, and when it is lost: then somebody may be removing data. */
  readonly signal: AbortSignal;
  /** Rejects with `RepositoryLocked` where our lock is not there any more. Ask before a step that relies on it. */
  confirm(): Promise<void>;
}

/** A lock that may still be settling. */
export interface SettlingLock extends HeldLock {
  /** Resolves when nobody was found who excludes us, and all is still there that was read. Rejects otherwise, as `signal` aborts. */
  readonly settled: Promise<void>;
}

/** What is done under a lock. */
export interface Work<T> {
  run(lock: SettlingLock): Promise<T>;
  /** Asked once, when nobody was found who excludes us: whether what was read before that is void. */
  hasChanged(): Promise<boolean>;
}

/** How long a new lock waits before it looks for others again: one written at the same moment is visible by then. */
const settleMilliseconds = 200;
const retryMilliseconds = 1000;
/** So many retreats it takes to give up, however little patience there is: the other one retreats as well. */
const retreatsAtLeast = 3;

/** Writes a lock, runs the work under it, and removes it; begins anew, within the patience there is, where somebody else was there first. */
export async function holdLock<T>(place: LockPlace, options: LockOptions, work: Work<T>): Promise<T> {
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
  const remove = async (): Promise<void> => place.remove(await keeper.stop());
  /** What was done is done all the same, and so is what failed. */
  const tellOfLeft = async (error: unknown): Promise<void> => {
    const left = `Our lock locks/${await keeper.stop()} on ${place.description} could not be removed: ${error}`;
    options.onNotice?.(`${left} Others may have to wait until it is half an hour old.`);
  };
  const release = (): Promise<void> => remove().catch(tellOfLeft);
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
    await remove();
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
    await (retreat.signal.aborted ? retreated.catch(tellOfLeft) : release());
    throw error;
  }
}

const changedError = (place: LockPlace): RepositoryError =>
  new RepositoryError(
    "RepositoryLocked",
    `Something in ${place.description} was gone by the time that our lock was seen by everybody: somebody was removing data. Run it again.`,
  );
