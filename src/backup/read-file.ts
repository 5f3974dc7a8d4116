import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { type Chunker, chunkMaximum, chunkMinimum, createChunker } from "../kernel/chunker.ts";
import { idOf } from "../repository/crypto.ts";
import type { Id } from "../repository/types.ts";
import { reusedMemory } from "../system/memory.ts";
import { identify } from "./identify.ts";
import { regionsOf } from "./regions.ts";

const readAsync = promisify(read);

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

/** A piece of a file: valid until the next one is asked for. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Where it is known already. */
  readonly id?: Id;
  /** That were read from the file; the rest of them are holes, which nobody has to read. */
  readonly bytesRead: number;
}

let chunker: Chunker | undefined;

/**
 * The chunks of a file, in order, to its end. Where the file system has holes they are zeros without being read: the chunks
 * are the same. One file at a time: the buffer is shared.
 */
export async function* readChunks(file: OpenFile): AsyncGenerator<Chunk> {
  const { descriptor, stat } = file;
  if (stat.size < chunkMinimum) {
    yield* readWhole(descriptor, Number(stat.size));
    return;
  }
  chunker ??= createChunker(chunkMaximum);
  const { buffer, cut } = chunker;
  const regionAt = regionsOf(file);
  let start = 0;
  let end = 0;
  let position = 0;
  let bytesRead = 0;
  let atEnd = false;
  for (;;) {
    const offset = position - (end - start);
    const region = regionAt(position);
    if (region.isHole && region.start <= offset && region.end - offset >= chunkMaximum) {
      // Nothing but the hole for as long as a chunk can be.
      const chunk = holeChunk(chunker);
      [start, end, position] = [0, 0, offset + chunk.bytes.length];
      yield chunk;
      // Nothing was waited for: let others have their turn.
      await nextTurn();
      continue;
    }
    buffer.copyWithin(0, start, end);
    end -= start;
    start = 0;
    while (!atEnd && end < chunkMaximum) {
      const { isHole, end: regionEnd } = regionAt(position);
      const wanted = Math.min(chunkMaximum - end, regionEnd - position);
      const count = isHole ? wanted : (await readAsync(descriptor, buffer, end, wanted, position)).bytesRead;
      if (isHole) buffer.fill(0, end, end + wanted);
      else bytesRead += count;
      end += count;
      position += count;
      atEnd = count === 0;
    }
    if (start === end) return;
    const pieces: Buffer[] = [];
    for (let length = cut(start, end, atEnd); length > 0; length = cut(start, end - start, atEnd)) {
      pieces.push(Buffer.from(buffer.buffer, buffer.byteOffset + start, length));
      start += length;
    }
    let number = 0;
    for await (const id of identify(pieces)) {
      yield { bytes: pieces[number++] as Buffer, id, bytesRead };
      bytesRead = 0;
    }
  }
}

let longestHole: Chunk | undefined;

/** What a hole is cut into, wherever nothing else is in reach. The chunker's buffer is empty. */
function holeChunk({ buffer, cut }: Chunker): Chunk {
  if (longestHole) return longestHole;
  buffer.fill(0, 0, chunkMaximum);
  const bytes = Buffer.alloc(cut(0, chunkMaximum));
  longestHole = { bytes, id: idOf(bytes), bytesRead: 0 };
  return longestHole;
}

/** Of the file that is read now. */
const small = reusedMemory();

/** A file too short to be cut. One that has grown meanwhile is noticed by its `stat` afterwards. */
function* readWhole(descriptor: number, size: number): Generator<Chunk> {
  const bytes = small(size);
  let filled = 0;
  while (filled < size) {
    const bytesRead = readSync(descriptor, bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  if (filled > 0) yield { bytes: bytes.subarray(0, filled), bytesRead: filled };
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
