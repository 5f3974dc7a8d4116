import { forEachConcurrently } from "../repository/concurrency.ts";
import type { HeldLock } from "../repository/locks.ts";
import type { Id } from "../repository/types.ts";
import { whileOurs } from "../repository/while-ours.ts";
import { isStorageError, StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { type Change, changesBetween } from "./changes.ts";
import { layout, manifestKey, objectOf, stagedKey } from "./layout.ts";
import { writeState } from "./state.ts";
import { innerTree, type Trees } from "./trees.ts";

export interface Settlement {
  readonly storage: Storage;
  readonly trees: Trees;
  /** The manifest that counts and the one before it: ids, and their outermost trees. */
  readonly manifest: { readonly id: Id; readonly tree: Id };
  readonly previous: { readonly tree: Id };
  readonly generation: string;
  /** An earlier run began with this, and moved what is not in staging any more. */
  readonly isResumed: boolean;
  readonly lock: HeldLock;
}

const concurrentChanges = 16;

/**
 * Makes the plain objects what the manifest says: removes those that are gone, then moves the new ones to their places. In this order,
 * because a file may have become a folder. May be interrupted anywhere and repeated; readers find each file in either place meanwhile.
 */
export async function settle(settlement: Settlement): Promise<void> {
  const { storage, trees, manifest, previous, lock } = settlement;
  const assertOurs = whileOurs(lock);
  const [before, after] = [await innerTree(trees, previous.tree), await innerTree(trees, manifest.tree)];
  const forEachChange = (work: (change: Change) => Promise<void>) =>
    forEachConcurrently(changesBetween(trees, before, after), concurrentChanges, async (change) => {
      await assertOurs();
      await work(change);
    });
  await forEachChange(async (change) => {
    if (change.kind === "Removed") await storage.delete(objectOf(change.before, change.path));
  });
  const waiting = settlement.isResumed ? await stagedKeys(storage, settlement.generation) : undefined;
  await forEachChange(async (change) => {
    if (change.kind !== "Removed") await move(settlement, waiting, change);
  });
  await lock.confirm();
  await writeState(storage, { phase: "Settled", manifest: manifest.id });
}

/** `waiting` is what an earlier run left to be moved. Only what is neither there nor can be copied was moved by it. */
async function move(
  { storage, generation }: Settlement,
  waiting: ReadonlySet<string> | undefined,
  { path, after }: Exclude<Change, { kind: "Removed" }>,
): Promise<void> {
  const staged = stagedKey(generation, path);
  try {
    await storage.copy(staged, objectOf(after, path));
  } catch (error) {
    if (!isStorageError(error, "NotFound")) throw error;
    if (waiting && !waiting.has(staged)) return;
    const message = `${staged} of the mirror ${storage.description} was stored, and the store does not find it: run it again.`;
    throw new StorageError("Failed", message, { cause: error });
  }
  await storage.delete(staged);
}

/** Files that are still to take their places. */
export async function stagedKeys(storage: Storage, generation: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of storage.list(`${layout.staging}${generation}/`)) keys.add(key);
  return keys;
}

/** Removes what unfinished runs left: nothing in staging counts once the state is settled. */
export async function clearStaging(storage: Storage, lock: HeldLock): Promise<void> {
  await lock.confirm();
  await storage.abortUploads(layout.staging);
  await removeThose(storage, lock, layout.staging);
}

/** Removes all files of a first run that did not get to its end. */
export async function clearFiles(storage: Storage, lock: HeldLock): Promise<void> {
  await lock.confirm();
  for (const folder of [layout.files, layout.awkward]) {
    await storage.abortUploads(folder);
    await removeThose(storage, lock, folder);
  }
}

/** Removes manifests and folders that the present manifest does not need. */
export async function clearOld(
  storage: Storage,
  lock: HeldLock,
  { manifest, reached }: { readonly manifest: Id; readonly reached: ReadonlySet<Id> },
): Promise<void> {
  await lock.confirm();
  await removeThose(storage, lock, layout.manifests, (key) => key !== manifestKey(manifest));
  await removeThose(storage, lock, layout.trees, (key) => !reached.has(key.slice(layout.trees.length)));
}

async function removeThose(
  storage: Storage,
  lock: HeldLock,
  folder: string,
  isOld: (key: string) => boolean = () => true,
): Promise<void> {
  const assertOurs = whileOurs(lock);
  await forEachConcurrently(storage.list(folder), concurrentChanges, async ({ key }) => {
    if (!isOld(key)) return;
    await assertOurs();
    await storage.delete(key);
  });
}
