import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import { type Chunker, chunkMaximum, chunkMinimum, createChunker } from "../kernel/chunker.ts";

const readAsync = promisify(read);

/** Bytes held of the file that is being cut. */
const bufferBytes = 2 * chunkMaximum;

export interface OpenFile {
  readonly descriptor: number;
  readonly stat: BigIntStats;
}

/** Opens a file without following a link or waiting for a pipe that was put in its place. */
export function openFile(path: Buffer): OpenFile {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  return { descriptor, stat: statOpenFile(descriptor) };
}

export const closeFile = ({ descriptor }: OpenFile): void => closeSync(descriptor);

export const statOpenFile = (descriptor: number): BigIntStats => fstatSync(descriptor, { bigint: true });

let chunker: Chunker | undefined;

/**
 * The chunks of a file, in order, to its end. A chunk is valid until the next one is asked for. One file at a time: the
 * buffer is shared.
 */
export async function* readChunks({ descriptor, stat }: OpenFile): AsyncGenerator<Buffer> {
  if (stat.size < chunkMinimum) {
    yield* readWhole(descriptor, Number(stat.size));
    return;
  }
  chunker ??= createChunker(bufferBytes);
  const { buffer, cut } = chunker;
  let start = 0;
  let end = 0;
  let position = 0;
  let atEnd = false;
  for (;;) {
    if (!atEnd && end - start < chunkMaximum) {
      buffer.copyWithin(0, start, end);
      end -= start;
      start = 0;
      while (!atEnd && end < bufferBytes) {
        const { bytesRead } = await readAsync(descriptor, buffer, end, bufferBytes - end, position);
        end += bytesRead;
        position += bytesRead;
        atEnd = bytesRead === 0;
      }
    }
    if (start === end) return;
    const length = cut(start, end - start);
    yield Buffer.from(buffer.buffer, buffer.byteOffset + start, length);
    start += length;
  }
}

/** A file too short to be cut. One that has grown meanwhile is noticed by its `stat` afterwards. */
function* readWhole(descriptor: number, size: number): Generator<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const bytesRead = readSync(descriptor, bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  if (filled > 0) yield bytes.subarray(0, filled);
}

/** Exactly `length` bytes at `offset`; fewer only where the file ends. */
export async function readPart({ descriptor }: OpenFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readAsync(descriptor, bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
