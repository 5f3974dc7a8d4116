import type { Storage } from "../storage/storage.ts";
import { isId } from "./crypto.ts";
import type { Id } from "./types.ts";

/** The packs in a store, with their sizes in bytes. Files with other names are passed over. */
export async function listPacks(storage: Storage): Promise<Map<Id, number>> {
  const packs = new Map<Id, number>();
  for await (const { key, size } of storage.list("data/")) {
    const id = key.slice(key.lastIndexOf("/") + 1);
    if (isId(id) && key === `data/${id.slice(0, 2)}/${id}`) packs.set(id, size);
  }
  return packs;
}
