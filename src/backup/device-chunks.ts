import { read } from "node:fs";
import { promisify } from "node:util";
import { isZero } from "../kernel/zeros.ts";
import { idOf } from "../repository/crypto.ts";
import type { Id } from "../repository/types.ts";

const readAsync = promisify(read);
const MiB = 1024 * 1024;

/** Devices are changed in place, so that fixed cuts find what is unchanged. */
export const deviceChunkBytes = MiB;
/** Read at once. A run of zeros in it is one chunk. */
export const devicePartBytes = 8 * MiB;

const zeroIds = new Map<number, Id>();

/** The id of so many zeros, at most a part; hashed once. */
export function zeroId(length: number): Id {
  const id = zeroIds.get(length) ?? idOf(Buffer.alloc(length));
  zeroIds.set(length, id);
  return id;
}

export interface DeviceChunk {
  /** Valid until the next one is asked for. */
  readonly bytes: Buffer;
  readonly isZero: boolean;
}

/** The chunks of a device of `size` bytes, in order. The next part is read while this one is worked on; memory for two is all it takes. */
export async function* deviceChunks(descriptor: number, size: number): AsyncGenerator<DeviceChunk> {
  let [buffer, other] = [Buffer.allocUnsafeSlow(devicePartBytes), Buffer.allocUnsafeSlow(devicePartBytes)];
  const readAt = (position: number): Promise<Buffer> => {
    [buffer, other] = [other, buffer];
    const part = readPart(descriptor, buffer.subarray(0, Math.min(devicePartBytes, size - position)), position);
    // Whoever stops asking need not hear of what the part ahead came to.
    part.catch(() => {});
    return part;
  };
  let next = size > 0 ? readAt(0) : undefined;
  for (let position = 0; next; ) {
    const part: Buffer = await next;
    position += part.length;
    next = position < size ? readAt(position) : undefined;
    try {
      yield* cut(part);
    } finally {
      // Nobody may close the descriptor while it is read from.
      await next?.catch(() => {});
    }
  }
}

async function readPart(descriptor: number, buffer: Buffer, position: number): Promise<Buffer> {
  for (let filled = 0; filled < buffer.length; ) {
    const { bytesRead } = await readAsync(descriptor, buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) {
      const message = `it ended at ${position + filled} bytes, before its own size`;
      throw Object.assign(new Error(message), { code: "EIO", errno: -5, syscall: "read" });
    }
    filled += bytesRead;
  }
  return buffer;
}

/** Exported for its test: fixed cuts, but neighbouring zeros together. */
export function* cut(part: Buffer): Generator<DeviceChunk> {
  let zerosFrom: number | undefined;
  for (let start = 0; start < part.length; start += deviceChunkBytes) {
    const bytes = part.subarray(start, start + deviceChunkBytes);
    if (isZero(bytes)) {
      zerosFrom ??= start;
      continue;
    }
    if (zerosFrom !== undefined) yield { bytes: part.subarray(zerosFrom, start), isZero: true };
    zerosFrom = undefined;
    yield { bytes, isZero: false };
  }
  if (zerosFrom !== undefined) yield { bytes: part.subarray(zerosFrom), isZero: true };
}
