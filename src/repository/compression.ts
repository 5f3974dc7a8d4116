import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** As fast as zstd gets at a useful ratio; restic's own default is in the same region. */
const level = 1;

export const compress = (bytes: Uint8Array): Buffer =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });

/** The decompressed bytes. Throws where they would be more than `maximum`, before they take that memory. */
export function decompress(bytes: Uint8Array, maximum: number): Buffer {
  return zstdDecompressSync(bytes, { maxOutputLength: Math.max(maximum, 1) });
}
