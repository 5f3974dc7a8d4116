import { isStorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { Id } from "./types.ts";

/**
 * Tree packs, read whole and kept for a while. Trees that are wanted together were written together, so that a run without
 * any cache on disk reads a few packs and not thousands of single trees.
 */
export interface PackCache {
  /** The stored bytes of a pack. Rejects as the store does, and without asking it again where it does not give out the whole of this pack. */
  get(storage: Storage, pack: Id): Promise<Buffer>;
  /** Begins to read a pack that is going to be wanted, where there is room for it. What fails is asked for again by `get`. */
  readAhead(storage: Storage, pack: Id): void;
}

interface Kept {
  readonly reading: Promise<Buffer>;
  /** 0 until it has arrived, and where it never will. */
  bytes: number;
}

const keptBytes = 64 * 1024 * 1024;
/** What a pack is taken for that has not arrived: few are longer, and most of those with trees are far shorter. */
const expectedBytes = 16 * 1024 * 1024;
const requestsAhead = 4;

export const packKey = (id: Id): string => `data/${id.slice(0, 2)}/${id}`;

/** `room` is in bytes; what was wanted last stays, however long it is. */
export function createPackCache(room = keptBytes): PackCache {
  // A Map keeps the order of insertion: the first is the one that was not used for longest.
  const packs = new Map<Id, Kept>();
  let filled = 0;
  let underWay = 0;

  const drop = (pack: Id, kept: Kept): void => {
    if (packs.get(pack) !== kept) return;
    packs.delete(pack);
    filled -= kept.bytes;
  };

  const makeRoom = (newest: Kept): void => {
    for (const [pack, kept] of packs) {
      if (filled <= room) return;
      if (kept.bytes > 0 && kept !== newest) drop(pack, kept);
    }
  };

  const read = (storage: Storage, pack: Id): Kept => {
    underWay++;
    const kept: Kept = { reading: storage.get(packKey(pack)), bytes: 0 };
    packs.set(pack, kept);
    kept.reading
      .then(
        ({ length }) => {
          kept.bytes = length;
          filled += length;
          makeRoom(kept);
        },
        (error: unknown) => {
          // Each of its trees would wait for the same again, before it is asked for alone.
          if (!isStorageError(error, "Unreadable")) drop(pack, kept);
        },
      )
      .finally(() => underWay--);
    return kept;
  };

  return {
    get(storage, pack) {
      const kept = packs.get(pack);
      if (!kept) return read(storage, pack).reading;
      packs.delete(pack);
      packs.set(pack, kept);
      return kept.reading;
    },
    readAhead(storage, pack) {
      const isRoom = filled + (underWay + 1) * expectedBytes <= room;
      if (!packs.has(pack) && underWay < requestsAhead && isRoom) read(storage, pack);
    },
  };
}
