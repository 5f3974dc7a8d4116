import type { LockIdentity } from "../contract/configs.ts";
import { RepositoryError } from "./errors.ts";
import { decodeLock, describeLock, encodeLock, isGone, type Lock, processIdentity } from "./lock-file.ts";
import { conflicts, judgeLock, type LockVerdict } from "./lock-rules.ts";
import type { Id } from "./types.ts";

export interface LockOptions {
  /** Alone in the repository: for everything that removes data. Refused as `FormatReadOnly` in format 1. */
  readonly exclusive: boolean;
  readonly identity: LockIdentity;
  /** Told in a sentence when the lock of a dead or absent holder was removed. */
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StoredLock {
  readonly id: Id;
  /** The store's date of it, in milliseconds since 1970; 0 where it tells none. */
  readonly modified: number;
}

/** Where locks lie: sealed documents in a repository, plain JSON in a mirror. */
export interface LockPlace {
  /** For messages. */
  readonly description: string;
  /** What a person can do about a lock that nobody holds any more. */
  readonly remedy: string;
  list(): Promise<readonly StoredLock[]>;
  /** Parsed JSON; undefined where it is gone, null where it is no JSON that we can read. Rejects with the store's error. */
  read(id: Id): Promise<unknown>;
  write(lock: unknown): Promise<Id>;
  remove(id: Id): Promise<void>;
}

export const writeLock = (place: LockPlace, { exclusive, identity }: LockOptions): Promise<Id> =>
  place.write(encodeLock({ exclusive, hostname: identity.holder, now: Date.now() }));

export const isPresent = async (place: LockPlace, id: Id): Promise<boolean> =>
  (await place.list()).some((lock) => lock.id === id);

/**
 * Somebody else's living lock that excludes ours. The locks of the dead are removed on the way; one that is only old, not before ours (`own`) is
 * there to compare it with.
 */
export async function findConflict(place: LockPlace, options: LockOptions, own?: Id): Promise<Lock | undefined> {
  const self = processIdentity(process.pid);
  const { holder, deadHolders } = options.identity;
  const stored = await place.list();
  const ours = stored.find(({ id }) => id === own);
  let conflict: Lock | undefined;
  for (const { id, modified } of stored) {
    if (id === own) continue;
    const lock = await readLock(place, id);
    if (!lock) continue;
    const now = Date.now();
    const storedFor = ours?.modified && modified ? ours.modified - modified : Number.POSITIVE_INFINITY;
    const verdict = judgeLock(lock, { now, storedFor, holder, deadHolders, self, identityOf: processIdentity, isGone });
    if (verdict === "Stale" && own === undefined) continue;
    // A listing that lacks ours shows nothing.
    if (verdict === "Alive" || (verdict === "Stale" && !ours)) {
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

/** Undefined where it is gone. */
async function readLock(place: LockPlace, id: Id): Promise<Lock | undefined> {
  const document = await place.read(id);
  return document === undefined ? undefined : (decodeLock(id, document) ?? unreadableLock(id));
}

/** Somebody's, at some time: to be respected like one that excludes everybody. */
const unreadableLock = (id: Id): Lock => ({
  id,
  time: Date.now(),
  exclusive: true,
  hostname: `unreadable lock ${id}`,
  pid: 0,
});

export const lockedError = (place: LockPlace, lock: Lock): RepositoryError =>
  new RepositoryError(
    "RepositoryLocked",
    `${place.description} is in use: ${describeLock(lock, Date.now())}. ` +
      `Wait for it to finish; if nothing is running any more, ${place.remedy}.`,
  );
