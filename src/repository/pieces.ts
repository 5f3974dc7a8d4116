import type { ByteRange } from "../storage/storage.ts";
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

/** A part of a pack, and the blobs that begin in it, in the order of their offsets. */
export interface PackPart {
  readonly range: ByteRange;
  readonly blobs: readonly BlobLocation[];
}

/**
 * All of a pack of `size` bytes in parts of `most` bytes at most, each but the last, with as many blobs as it has: no blob is cut. Longer is what
 * holds a longer blob, or more that is nobody's. What lies beyond the pack is the last part's.
 */
export function partsOf(blobs: readonly BlobLocation[], size: number, most: number): PackPart[] {
  const parts: PackPart[] = [];
  let inPart: BlobLocation[] = [];
  let start = 0;
  /** Of the blobs so far. */
  let end = 0;
  for (const blob of blobs.toSorted((a, b) => a.offset - b.offset)) {
    const { offset, length } = blob;
    const isTooMuch = offset + length - start > most;
    if (isTooMuch && offset >= end && offset > start && offset < size) {
      parts.push({ range: { offset: start, length: offset - start }, blobs: inPart });
      inPart = [];
      start = offset;
    }
    inPart.push(blob);
    end = Math.max(end, offset + length);
  }
  return [...parts, { range: { offset: start, length: size - start }, blobs: inPart }];
}
