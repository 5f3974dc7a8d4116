import { isStorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { isId } from "./crypto.ts";
import { packKey } from "./pack-cache.ts";
import type { Id } from "./types.ts";

const concurrentReads = 4;

/**
 * The packs in a store, with their sizes in bytes. Files with other names are passed over. Those of `named`, which an index
 * names, are asked for one by one where the listing lacks them: a listing may be stale, and is no proof that data is lost.
 */
export async function listPacks(storage: Storage, named: Iterable<Id> = []): Promise<Map<Id, number>> {
  const packs = new Map<Id, number>();
  for await (const { key, size } of storage.list("data/")) {
    const id = key.slice(key.lastIndexOf("/") + 1);
    if (isId(id) && key === `data/${id.slice(0, 2)}/${id}`) packs.set(id, size);
  }
  const unlisted = new Set([...named].filter((id) => !packs.has(id)));
  await forEachConcurrently(unlisted, concurrentReads, async (id) => {
    const size = await sizeIfPresent(storage, packKey(id));
    if (size !== undefined) packs.set(id, size);
  });
  return packs;
}

/** Reads all of it, since nothing else tells the size; it happens only where a listing was wrong. */
async function sizeIfPresent(storage: Storage, key: string): Promise<number | undefined> {
  try {
    return (await storage.get(key)).length;
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}
