import { maximumOffset, maximumPlainLength } from "./blob-index.ts";
import { isDamage } from "./blobs.ts";
import { packKey } from "./pack-cache.ts";
import { decodeHeader, headerBytes, type PackEntry } from "./pack-format.ts";
import type { Id, Repository } from "./types.ts";

/** Enough for the header of most packs: two hundred blobs. */
const guessedBytes = 8 * 1024;
/** Restic, too, takes no longer header for one. */
const maximumBytes = 16 * 1024 * 1024;

/**
 * The entries of a pack of `size` bytes by its own header, which is authenticated; undefined where the header is damaged or the
 * pack is gone. Reads the end of the pack only: a guess, and the rest where the header is longer. Rejects with the store's error
 * where it cannot be asked.
 */
export async function readHeader(
  { storage, master }: Repository,
  pack: Id,
  size: number,
): Promise<PackEntry[] | undefined> {
  const readEnd = (length: number): Promise<Buffer> => storage.get(packKey(pack), { offset: size - length, length });
  try {
    const guess = await readEnd(Math.min(size, guessedBytes));
    const length = headerBytes(guess, size);
    if (length === undefined || length > maximumBytes) return undefined;
    const header = length <= guess.length ? guess.subarray(guess.length - length) : await readEnd(length);
    const entries = decodeHeader(master, header, size);
    return entries?.every(canBeIndexed) ? entries : undefined;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** An index with another entry would be refused as a whole. */
const canBeIndexed = ({ offset, length, plainLength, compressed }: PackEntry): boolean =>
  offset <= maximumOffset &&
  length <= maximumOffset &&
  plainLength <= maximumPlainLength &&
  (!compressed || plainLength > 0);
