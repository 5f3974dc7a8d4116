import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Allocate } from "../system/memory.ts";
import { loadZstd } from "../system/zstd.ts";

/** Stores as little as restic does. Level 1 would take an eighth less of a first backup's processor time, for 4 to 10 % more bytes. */
const level = 3;

/** Longer ones gain nothing by it. No blob that we or restic write is longer. */
const largestQuick = 16 * 1024 * 1024;

const quick = loadZstd();

export const compress = (bytes: Uint8Array): Buffer => Buffer.from(compressBriefly(bytes));

/** As `compress`, valid until the next call of either: saves memory where the result is soon done with. */
export const compressBriefly = (bytes: Uint8Array): Buffer =>
  (bytes.length <= largestQuick ? quick?.compress(bytes, level) : undefined) ??
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });

/**
 * The decompressed bytes. Throws where they would be more than `maximum`, before they take that memory. Whatever is out of the
 * ordinary is left to Node to judge, who does not `allocate`.
 */
export const decompress = (bytes: Uint8Array, maximum: number, allocate?: Allocate): Buffer =>
  quick?.decompress(bytes, Math.min(maximum, largestQuick), allocate) ??
  zstdDecompressSync(bytes, { maxOutputLength: Math.max(maximum, 1) });
