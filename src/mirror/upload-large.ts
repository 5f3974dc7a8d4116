import { type OpenFile, readPart } from "../backup/read-file.ts";
import { idOf } from "../repository/crypto.ts";
import type { Id } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import { partBytes } from "./layout.ts";

/** S3 takes no more parts than this for one object; files of more than 80 GiB are sent in longer ones. */
const mostParts = 10_000;

/** Bytes of each part that is sent of a file: as many of its own parts as are needed. */
export const sentBytesOf = (size: number): number => partBytes * Math.max(1, Math.ceil(size / partBytes / mostParts));

export interface LargeFile {
  readonly storage: Storage;
  readonly key: string;
  readonly file: OpenFile;
  /** Told how many bytes were read, and how many there are by now. May throw to stop. */
  readonly onPart: (bytes: number, done: number) => void;
}

/**
 * Uploads a file as long as it was when it was opened. What is in memory of it is one part of the upload: 8 MiB, or a ten-thousandth of
 * the file where that is more. Gives the hashes of its parts of `partBytes`.
 */
export async function uploadLarge({
  storage,
  key,
  file,
  onPart,
}: LargeFile): Promise<{ readonly ids: readonly Id[]; readonly length: number }> {
  const size = Number(file.stat.size);
  const sentBytes = sentBytesOf(size);
  const upload = await storage.upload(key);
  const ids: Id[] = [];
  let length = 0;
  try {
    while (length < size) {
      const sent = await readPart(file, length, Math.min(sentBytes, size - length));
      if (sent.length === 0) break;
      for (let at = 0; at < sent.length; at += partBytes) ids.push(idOf(sent.subarray(at, at + partBytes)));
      length += sent.length;
      onPart(sent.length, length);
      await upload.add(sent);
    }
    await upload.complete();
  } catch (error) {
    await upload.abort().catch(() => undefined);
    throw error;
  }
  return { ids, length };
}
