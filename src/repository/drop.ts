import { getIfPresent } from "../storage/get-if-present.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { listDocuments } from "./documents.ts";
import { RepositoryError } from "./errors.ts";
import type { HeldLock } from "./locks.ts";
import { repositoryState } from "./repository.ts";
import type { Repository } from "./types.ts";
import { whileOurs } from "./while-ours.ts";

export interface DropReport {
  readonly objectsRemoved: number;
}

export interface DropOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  /** Bytes of each object that is gone, as it goes. */
  readonly onFreed?: OnFreed | undefined;
}

type OnFreed = (bytes: number) => void;

const concurrentRemovals = 8;

/**
 * Removes a whole repository that has no snapshot left; rejects with `RepositoryNotEmpty` where it has. The order makes every
 * interruption harmless: while `config` is there it is a valid repository without snapshots, and then a key and nothing else,
 * which is `Initialising` and for `finishDrop`. Locks, ours too, mean nothing without `config`, and go before the last key:
 * behind it nobody would find them.
 */
export async function dropRepository({ repository, lock, onFreed }: DropOptions): Promise<DropReport> {
  if (!lock.exclusive) throw new TypeError("Dropping a repository takes an exclusive lock.");
  const { storage } = repository;
  const snapshots = await listDocuments(repository, "snapshots");
  if (snapshots.length > 0) {
    throw new RepositoryError(
      "RepositoryNotEmpty",
      `${storage.description} still holds ${snapshots.length} snapshots and was not removed: forget them first.`,
    );
  }
  await lock.confirm();
  const assertOurs = whileOurs(lock);
  const count = countRemovals(onFreed);
  for (const prefix of ["snapshots/", "index/", "data/"]) await removeBelow(storage, prefix, count.removed, assertOurs);
  const { length } = await storage.get("config");
  await assertOurs();
  await storage.delete("config");
  count.removed({ size: length });
  // Our own lock goes here, and cannot be asked for any more.
  const goesOn = async (): Promise<void> => {
    lock.signal.throwIfAborted();
    await assertGone(storage);
  };
  // It was not there before, and frees nothing.
  await removeBelow(storage, "locks/", () => {}, goesOn);
  await removeBelow(storage, "keys/", count.removed, goesOn);
  return count.report();
}

/** Removes the key that an interrupted `dropRepository` (or initialisation) left. Rejects unless that is all there is. */
export async function finishDrop(storage: Storage, onFreed?: OnFreed): Promise<DropReport> {
  const count = countRemovals(onFreed);
  if ((await repositoryState(storage)) === "Ready") throw stillThere(storage);
  for (const prefix of ["locks/", "keys/"])
    await removeBelow(storage, prefix, count.removed, () => assertGone(storage));
  return count.report();
}

/** To be asked before each lock and key: an initialisation may have begun a new repository in this place, with the key that was left. */
async function assertGone(storage: Storage): Promise<void> {
  if (await getIfPresent(storage, "config")) throw stillThere(storage);
}

const stillThere = ({ description }: Storage): RepositoryError =>
  new RepositoryError("RepositoryNotEmpty", `${description} holds a repository and was not removed.`);

function countRemovals(onFreed?: OnFreed) {
  let objectsRemoved = 0;
  return {
    removed({ size }: Pick<StoredObject, "size">): void {
      objectsRemoved++;
      onFreed?.(size);
    },
    report: (): DropReport => ({ objectsRemoved }),
  };
}

/** Rounds of listing and removing; more than three are needed only where listings are stale. */
const removalRounds = 6;

/** Lists until nothing is left, twice in a row: what a stale listing lacks would stay behind, and look like damage without `config`. */
async function removeBelow(
  storage: Storage,
  prefix: string,
  removed: (object: StoredObject) => void,
  assertGoingOn: () => Promise<void>,
): Promise<void> {
  const counted = new Set<string>();
  let emptyListings = 0;
  for (let round = 0; round < removalRounds && emptyListings < 2; round++) {
    // Listed to the end first: not every store likes to be listed while objects go.
    const objects = await Array.fromAsync(storage.list(prefix));
    emptyListings = objects.length === 0 ? emptyListings + 1 : 0;
    await forEachConcurrently(objects, concurrentRemovals, async (object) => {
      await assertGoingOn();
      await storage.delete(object.key);
      if (counted.has(object.key)) return;
      counted.add(object.key);
      removed(object);
    });
  }
}
