import { bufferOf } from "../system/memory.ts";
import { idOf } from "./crypto.ts";
import { decodeHeader, headerBytes, isGoodBlob, type PackEntry } from "./pack-format.ts";
import type { BlobLocation, Id, MasterKey } from "./types.ts";

export interface PackContent {
  readonly pack: Id;
  /** All of it. */
  readonly bytes: Buffer;
  /** What the index says that it holds. */
  readonly indexed: readonly BlobLocation[];
}

export interface Inspection {
  /** Sentences for people. */
  readonly problems: readonly string[];
  /** Which of `indexed` are no good. */
  readonly damaged: readonly number[];
}

/** A pack that is to be looked through, or a part of that: for any thread. */
export interface InspectionOrder extends Omit<PackContent, "bytes"> {
  readonly master: MasterKey;
  /** All of it; its name and header; or the blobs, which may be some of them. */
  readonly what: "Pack" | "Frame" | "Blobs";
  readonly bytes: Uint8Array;
  /** Where the bytes begin in the pack: not 0 for `Blobs` at most. */
  readonly start: number;
}

/** Compares a pack with its name, with its own header, and every blob with its id and the index. */
export function inspect({ master, what, pack, bytes, indexed, start }: InspectionOrder): Inspection {
  const problems = what === "Blobs" ? [] : frameProblems(master, { pack, bytes: bufferOf(bytes), indexed });
  const damaged = what === "Frame" ? [] : damagedBlobs(master, { bytes, start, indexed });
  for (const position of damaged) {
    const location = indexed[position];
    if (location) problems.push(`pack ${pack}: ${location.type} blob ${location.id} is damaged`);
  }
  return { problems, damaged };
}

function frameProblems(master: MasterKey, { pack, bytes, indexed }: PackContent): string[] {
  const problems: string[] = [];
  if (idOf(bytes) !== pack) problems.push(`pack ${pack}: its content does not fit its name`);
  const header = bytes.subarray(bytes.length - (headerBytes(bytes, bytes.length) ?? 0));
  const entries = decodeHeader(master, header, bytes.length);
  if (!entries) problems.push(`pack ${pack}: its header is damaged`);
  else problems.push(...compareWithIndex(pack, entries, indexed));
  return problems;
}

/** By their places in `indexed`. */
const damagedBlobs = (
  master: MasterKey,
  { bytes, start, indexed }: Pick<InspectionOrder, "bytes" | "start" | "indexed">,
): number[] =>
  indexed.flatMap((location, position) => {
    const offset = location.offset - start;
    return isGoodBlob(master, bytes.subarray(offset, offset + location.length), location) ? [] : [position];
  });

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
