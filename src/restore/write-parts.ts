import { openBlob } from "../repository/pack-format.ts";
import type { BlobLocation, MasterKey } from "../repository/types.ts";
import { reusedMemory } from "../system/memory.ts";
import { beginWriteBack } from "./system.ts";
import { writeData } from "./write-data.ts";

/** Sealed parts and where they belong. For any thread: descriptors are the process's. */
export interface WriteOrder {
  readonly master: MasterKey;
  /** In which the parts lie. */
  readonly bytes: Uint8Array;
  readonly parts: readonly SealedPart[];
}

export interface SealedPart {
  readonly location: BlobLocation;
  /** In the order's bytes. */
  readonly offset: number;
  readonly places: readonly OpenPlace[];
}

/** In a file that is open for writing, and stays so until the order was carried out. */
export interface OpenPlace {
  readonly descriptor: number;
  readonly position: number;
}

/** What became of a part: nothing, because it is damaged; or what became of each of its places. */
export type PartAnswer = "Damaged" | readonly PlaceAnswer[];
export type PlaceAnswer = "Written" | WriteFailure;

/** What is left of a system call's error between threads. */
export interface WriteFailure {
  readonly code: string | undefined;
  readonly message: string;
}

const plaintexts = reusedMemory();

/** Opens each part, compares it with its id, and writes it to its places; the disk begins with them at once. */
export function writeParts({ master, bytes, parts }: WriteOrder): PartAnswer[] {
  const answers = parts.map(({ location, offset, places }) => {
    const plaintext = openBlob(master, bytes.subarray(offset, offset + location.length), location, plaintexts);
    return plaintext ? places.map((place) => writeTo(place, plaintext)) : "Damaged";
  });
  const descriptors = parts.flatMap(({ places }) => places.map(({ descriptor }) => descriptor));
  for (const descriptor of new Set(descriptors)) beginWriteBack(descriptor);
  return answers;
}

function writeTo({ descriptor, position }: OpenPlace, data: Buffer): PlaceAnswer {
  try {
    writeData(descriptor, data, position);
    return "Written";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}
