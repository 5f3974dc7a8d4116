import koffi from "koffi";
import type { Allocate } from "./memory.ts";

/**
 * The libzstd that Node itself is linked with, called directly, with contexts that are set up once: for small blobs Node's own calls
 * spend more time on setting one up than on the work. Every thread has contexts of its own, for as long as the process lives.
 */
export interface Zstd {
  /** As in Node's `process.versions`. */
  readonly version: string;
  /** One frame that says its own size, valid until the next call; undefined where libzstd refuses. */
  compress(bytes: Uint8Array, level: number): Buffer | undefined;
  /**
   * The content of what is exactly one frame that says its size; undefined for everything else, damage too. `maximum`, in
   * bytes, bounds what is set aside for it by `allocate`.
   */
  decompress(bytes: Uint8Array, maximum: number, allocate?: Allocate): Buffer | undefined;
}

/**
 * Undefined where this Node does not offer it to others. The system's libzstd is no substitute: loaded beside a Node that does, its
 * functions call Node's of the same names, and two versions of zstd work on one context.
 */
export function loadZstd(): Zstd | undefined {
  try {
    return zstd(koffi.load(null));
  } catch {
    return undefined;
  }
}

function zstd(node: ReturnType<typeof koffi.load>): Zstd {
  const version: string = node.func("const char *ZSTD_versionString()")();
  const compressBound = node.func("size_t ZSTD_compressBound(size_t)");
  const compressWith = node.func("size_t ZSTD_compressCCtx(void *, void *, size_t, const void *, size_t, int)");
  const decompressWith = node.func("size_t ZSTD_decompressDCtx(void *, void *, size_t, const void *, size_t)");
  const contentSize = node.func("unsigned long long ZSTD_getFrameContentSize(const void *, size_t)");
  const compressor: unknown = node.func("void *ZSTD_createCCtx()")();
  const decompressor: unknown = node.func("void *ZSTD_createDCtx()")();
  if (!compressor || !decompressor) throw new Error("zstd has no memory for its contexts.");
  let room = Buffer.alloc(0);

  return {
    version,
    compress(bytes, level) {
      const bound: number = compressBound(bytes.length);
      if (room.length < bound) room = Buffer.allocUnsafeSlow(bound);
      const length: unknown = compressWith(compressor, room, room.length, bytes, bytes.length, level);
      return isCount(length, room.length) ? room.subarray(0, length) : undefined;
    },
    decompress(bytes, maximum, allocate = Buffer.allocUnsafeSlow) {
      if (bytes.length === 0) return undefined;
      const size: unknown = contentSize(bytes, bytes.length);
      if (!isCount(size, maximum) || size === 0) return undefined;
      const content = allocate(size);
      const length: unknown = decompressWith(decompressor, content, size, bytes, bytes.length);
      return length === size ? content : undefined;
    },
  };
}

/** Errors and unknown sizes are numbers next to 2^64, which come as a bigint. */
const isCount = (value: unknown, maximum: number): value is number => typeof value === "number" && value <= maximum;
