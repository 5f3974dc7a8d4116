import { idOf } from "../repository/crypto.ts";
import type { Id } from "../repository/types.ts";
import { distribute, type Recipients } from "./distribute.ts";
import { type OpenFile, readChunks, readPart } from "./read-file.ts";

/** The blobs of a file, and how much of it was read. */
export interface Content {
  readonly ids: readonly Id[];
  /** Of the file, in bytes. */
  readonly length: number;
  readonly bytesRead: number;
}

/** What a parent snapshot says the content is, chunk by chunk. */
export type KnownContent = readonly { readonly id: Id; readonly length: number }[];

/**
 * Reads a whole file, and stores what the targets lack of it. `goOn` is told before each chunk how
 * far it has come, and throws when the run is over: one file may take hours.
 */
export async function storeWhole(
  recipients: Recipients,
  file: OpenFile,
  goOn: (bytesDone: number) => void,
): Promise<Content> {
  const ids: Id[] = [];
  let length = 0;
  let bytesRead = 0;
  for await (const { bytes, id = idOf(bytes), bytesRead: read } of readChunks(file)) {
    goOn(length);
    ids.push(id);
    length += bytes.length;
    bytesRead += read;
    await distribute(recipients, "data", id, bytes);
  }
  return { ids, length, bytesRead };
}

/**
 * Reads only those chunks that some target lacks: it joined later, was down, or lost a pack. Undefined where a chunk is not
 * what the parent says, so that the file must be read whole.
 */
export async function storeLacking(
  recipients: Recipients,
  file: OpenFile,
  known: KnownContent,
  goOn: (bytesDone: number) => void,
): Promise<Content | undefined> {
  let offset = 0;
  let bytesRead = 0;
  for (const { id, length } of known) {
    if (recipients.sessions.some((session) => session.lacks(id, "data"))) {
      goOn(offset);
      const bytes = await readPart(file, offset, length);
      bytesRead += bytes.length;
      if (idOf(bytes) !== id) return undefined;
      await distribute(recipients, "data", id, bytes);
    }
    offset += length;
  }
  return { ids: known.map(({ id }) => id), length: offset, bytesRead };
}
