import { createHash } from "node:crypto";
import { instantiateKernel } from "./load.ts";
import { isZero } from "./zeros.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** Lengths in bytes. A shorter file is one chunk. */
export const chunkMinimum = 256 * KiB;
export const chunkMaximum = 8 * MiB;
const chunkNormal = 512 * KiB;
/** Few chunks are longer. Where a chunk ends in front of that, nobody looks further for zeros. */
const usualMaximum = 1 * MiB;

/**
 * One place in 2^19 is a cut before the normal length, one in 2^17 behind it: chunks of random bytes are 0.53 MiB on average. Shorter than restic's, because
 * a database changes a page here and a page there, and each change stores a chunk.
 */
const strictLimit = 1n << 45n;
const looseLimit = 1n << 47n;

/**
 * What 64 zeros come to: the table's entry for zero, added once for each bit. Behind the normal length a chunk ends with them, because what is much
 * alike, such as a database's rows, has few other cuts: there, a page ends in zeros.
 */
function hashOfZeros(table: Uint8Array): bigint {
  const [zero = 0n] = new BigUint64Array(table.buffer);
  return BigInt.asUintN(64, -zero);
}

/**
 * The gear table is the same for every repository. All targets of a run share one read and hence its cuts, and a target that
 * joins later must find the same ones, so no single repository's secret can seed it.
 */
function gearTable(): Uint8Array {
  const table = new Uint8Array(256 * 8);
  for (let byte = 0; byte < 256; byte++) {
    const digest = createHash("sha256").update("holdfast gear table 1").update(Uint8Array.of(byte)).digest();
    table.set(digest.subarray(0, 8), byte * 8);
  }
  return table;
}

/** Finds cut points in a buffer of its own, which the caller fills from a file. */
export interface Chunker {
  /** Fill it with bytes of the file; what `cut` looks at lies here. */
  readonly buffer: Uint8Array;
  /**
   * Length of the chunk at `offset` of the buffer, where `available` bytes of the file follow: all that there are, if `isRest`. Else 0 where it depends on
   * more than them, which it never does on more than `chunkMaximum`.
   */
  cut(offset: number, available: number, isRest?: boolean): number;
}

/** A chunker with room for `capacity` bytes, at least `chunkMaximum`. Not to be shared between files read at the same time. */
export function createChunker(capacity: number): Chunker {
  if (capacity < chunkMaximum) throw new RangeError(`A chunker needs room for ${chunkMaximum} bytes, not ${capacity}.`);
  const table = gearTable();
  const kernel = instantiateKernel(table.length + capacity);
  const tableAddress = kernel.inputAddress();
  const bufferAddress = tableAddress + table.length;
  new Uint8Array(kernel.memory.buffer, tableAddress, table.length).set(table);
  const zeros = hashOfZeros(table);
  const buffer = new Uint8Array(kernel.memory.buffer, bufferAddress, capacity);
  /** 0 where nothing in these bytes decides it. */
  const decidedCut = (offset: number, length: number): number => {
    const bytes = buffer.subarray(offset, offset + length);
    if (length <= chunkMinimum) return 0;
    if (isZero(bytes, 0, chunkMinimum)) return cutOfZeros(bytes);
    const end = endBeforeZeros(bytes);
    const found = kernel.findCut(
      tableAddress,
      bufferAddress + offset,
      end,
      chunkMinimum,
      chunkNormal,
      chunkMaximum,
      strictLimit,
      looseLimit,
      zeros,
    );
    return found < length ? found : 0;
  };
  const cut = (offset: number, available: number, isRest = true): number => {
    if (offset < 0 || available < 0 || offset + available > capacity)
      throw new RangeError("Outside the chunker's buffer.");
    const most = Math.min(available, chunkMaximum);
    const found = decidedCut(offset, Math.min(most, usualMaximum)) || decidedCut(offset, most);
    return found || (isRest || most === chunkMaximum ? most : 0);
  };
  return { buffer, cut };
}

/**
 * Zeros have no cut of their own, so that a file with a few blocks here and there between them (a disk image, a database's reserve) would
 * have chunks of zeros of every length, each stored and hashed as something new. Those in front are a chunk of their own: the
 * minimum, doubled so often as there is room; all of them where nothing else follows, which 0 stands for.
 */
function cutOfZeros(bytes: Uint8Array): number {
  if (isZero(bytes)) return 0;
  let length = chunkMinimum;
  while (2 * length < bytes.length && isZero(bytes, length, 2 * length)) length *= 2;
  return length;
}

/** So many zeros end a chunk that has its minimum, if nothing ends it before them. */
const zeroRun = 64 * KiB;

function endBeforeZeros(bytes: Uint8Array): number {
  for (let at = chunkMinimum; at < bytes.length; at += zeroRun) {
    if (isZero(bytes, at - zeroRun, at)) return at;
  }
  return bytes.length;
}
