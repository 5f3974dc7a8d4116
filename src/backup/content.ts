import { idOf } from "../repository/crypto.ts";
import { payloadOf } from "../repository/pack-format.ts";
import type { BlobType, Id } from "../repository/types.ts";
import { type OpenFile, readChunks, readPart } from "./read-file.ts";
import type { TargetSession } from "./session.ts";

/** The blobs of a file, and how much of it was read. */
export interface Content {
  readonly ids: readonly Id[];
  /** Of the file, in bytes. */
  readonly length: number;
  readonly bytesRead: number;
}

/** What a parent snapshot says the content is, chunk by chunk. */
export type KnownContent = readonly { readonly id: Id; readonly length: number }[];

/** Hands a blob to every target that lacks it. Compressed once for all; `bytes` may be reused when it resolves. */
export async function distribute(
  sessions: readonly TargetSession[],
  type: BlobType,
  id: Id,
  bytes: Buffer,
): Promise<void> {
  const lacking = sessions.filter((session) => session.lacks(id, type));
  if (lacking.length === 0) return;
  const payload = payloadOf(type, bytes, id);
  await Promise.all(lacking.map((session) => session.add(payload)));
}

/**
 * Reads a whole file, and stores what the targets lack of it. `goOn` is asked before each chunk and throws when the run is
 * over: one file may take hours.
 */
export async function storeWhole(
  sessions: readonly TargetSession[],
  file: OpenFile,
  goOn: () => void,
): Promise<Content> {
  const ids: Id[] = [];
  let bytesRead = 0;
  for await (const chunk of readChunks(file)) {
    goOn();
    const id = idOf(chunk);
    ids.push(id);
    bytesRead += chunk.length;
    await distribute(sessions, "data", id, chunk);
  }
  return { ids, length: bytesRead, bytesRead };
}

/**
 * Reads only those chunks that some target lacks: it joined later, was down, or lost a pack. Undefined where a chunk is not
 * what the parent says, so that the file must be read whole.
 */
export async function storeLacking(
  sessions: readonly TargetSession[],
  file: OpenFile,
  known: KnownContent,
  goOn: () => void,
): Promise<Content | undefined> {
  let offset = 0;
  let bytesRead = 0;
  for (const { id, length } of known) {
    if (sessions.some((session) => session.lacks(id, "data"))) {
      goOn();
      const bytes = await readPart(file, offset, length);
      bytesRead += bytes.length;
      if (idOf(bytes) !== id) return undefined;
      await distribute(sessions, "data", id, bytes);
    }
    offset += length;
  }
  return { ids: known.map(({ id }) => id), length: offset, bytesRead };
}
