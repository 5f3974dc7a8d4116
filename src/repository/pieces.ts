import type { BlobLocation } from "./types.ts";

/** Stored bytes of a pack. */
export interface StoredPiece {
  readonly bytes: Buffer;
  /** Where they begin in the pack. */
  readonly start: number;
}

/**
 * Divides blobs of one pack into pieces of about `most` plain bytes (or of what else `weightOf` tells), one blob at least: a pack of 16 MiB may
 * hold hundreds of MiB that compress well, too much for one thread to be left with. Pieces are short where the blobs come in the order of
 * their offsets.
 */
export function divide<Location extends BlobLocation>(
  locations: readonly Location[],
  most: number,
  weightOf: (location: Location) => number = ({ plainLength }) => plainLength,
): readonly (readonly Location[])[] {
  const pieces: Location[][] = [];
  let filled = 0;
  for (const location of locations) {
    const piece = pieces.at(-1);
    const weight = weightOf(location);
    if (piece && filled + weight <= most) {
      piece.push(location);
      filled += weight;
    } else {
      pieces.push([location]);
      filled = weight;
    }
  }
  return pieces;
}

/** The bytes in which these blobs lie; `bytes` begin at `start` of the pack. */
export function pieceOf(bytes: Buffer, start: number, locations: readonly BlobLocation[]): StoredPiece {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const { offset, length } of locations) {
    from = Math.min(from, offset);
    to = Math.max(to, offset + length);
  }
  return { bytes: bytes.subarray(from - start, to - start), start: from };
}
