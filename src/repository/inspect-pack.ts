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

/** Compares a pack with its name, with its own header, and every blob with its id and the index. */
export function inspectPack(master: MasterKey, { pack, bytes, indexed }: PackContent): Inspection {
  const problems: string[] = [];
  const damaged: number[] = [];
  if (idOf(bytes) !== pack) problems.push(`pack ${pack}: its content does not fit its name`);
  const header = bytes.subarray(bytes.length - (headerBytes(bytes, bytes.length) ?? 0));
  const entries = decodeHeader(master, header, bytes.length);
  if (!entries) problems.push(`pack ${pack}: its header is damaged`);
  else problems.push(...compareWithIndex(pack, entries, indexed));
  for (const [position, location] of indexed.entries()) {
    const sealed = bytes.subarray(location.offset, location.offset + location.length);
    if (isGoodBlob(master, sealed, location)) continue;
    damaged.push(position);
    problems.push(`pack ${pack}: ${location.type} blob ${location.id} is damaged`);
  }
  return { problems, damaged };
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
