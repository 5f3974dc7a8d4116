import { decodeHeader, isGoodBlob, type PackEntry } from "./pack-format.ts";
import type { BlobLocation, Id, MasterKey } from "./types.ts";

/** Blobs in a piece of a pack, to be looked through: for any thread. */
export interface InspectionOrder {
  readonly master: MasterKey;
  readonly bytes: Uint8Array;
  /** Where the bytes begin in the pack. */
  readonly start: number;
  readonly blobs: readonly BlobLocation[];
}

/** Which of the blobs are no good, by their places in the list: each is compared with its id and the index. */
export const inspectBlobs = ({ master, bytes, start, blobs }: InspectionOrder): number[] =>
  blobs.flatMap((location, place) => {
    const offset = location.offset - start;
    return isGoodBlob(master, bytes.subarray(offset, offset + location.length), location) ? [] : [place];
  });

export interface PackFrame {
  readonly pack: Id;
  /** Bytes. */
  readonly size: number;
  /** The SHA-256 of its content. */
  readonly contentId: Id;
  /** Undefined where its end does not say how long it is. */
  readonly header: Uint8Array | undefined;
  /** What the index says that it holds. */
  readonly indexed: readonly BlobLocation[];
}

/** Compares a pack with its name, and the index with its own header. Sentences for people. */
export function frameProblems(master: MasterKey, { pack, size, contentId, header, indexed }: PackFrame): string[] {
  const problems: string[] = [];
  if (contentId !== pack) problems.push(`pack ${pack}: its content does not fit its name`);
  const entries = header && decodeHeader(master, header, size);
  if (!entries) problems.push(`pack ${pack}: its header is damaged`);
  else problems.push(...compareWithIndex(pack, entries, indexed));
  return problems;
}

function* compareWithIndex(
  pack: Id,
  entries: readonly PackEntry[],
  indexed: readonly BlobLocation[],
): Generator<string> {
  const key = ({ type, id, offset, length, plainLength }: PackEntry): string =>
    [type, id, offset, length, plainLength].join();
  const inHeader = new Set(entries.map(key));
  for (const location of indexed) {
    if (!inHeader.has(key(location)))
      yield `pack ${pack}: the index says that it holds ${location.type} blob ${location.id}, its header does not`;
  }
}
