import type { Storage } from "../storage/storage.ts";
import type { Id } from "./types.ts";

/**
 * Tree packs, read whole and kept for a while. Trees that are wanted together were written together, so that a run without
 * any cache on disk reads a few packs and not thousands of single trees.
 */
export interface PackCache {
  /** The stored bytes of a pack. Rejects as the store does. */
  get(storage: Storage, pack: Id): Promise<Buffer>;
}

const keptPacks = 4;

export const packKey = (id: Id): string => `data/${id.slice(0, 2)}/${id}`;

export function createPackCache(): PackCache {
  // A Map keeps the order of insertion: the first is the one that was not used for longest.
  const kept = new Map<Id, Promise<Buffer>>();
  return {
    get(storage, pack) {
      const reading = kept.get(pack) ?? storage.get(packKey(pack));
      kept.delete(pack);
      kept.set(pack, reading);
      reading.catch(() => kept.delete(pack));
      const [oldest] = kept.keys();
      if (kept.size > keptPacks && oldest) kept.delete(oldest);
      return reading;
    },
  };
}
