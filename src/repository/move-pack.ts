import { readBlob, readSealedRanges } from "./blobs.ts";
import type { PackWriter } from "./pack-writer.ts";
import type { BlobLocation, Id, IndexedRepository } from "./types.ts";

export interface MoveOptions {
  readonly repository: IndexedRepository;
  readonly pack: Id;
  /** Of this pack. */
  readonly locations: readonly BlobLocation[];
  readonly writer: PackWriter;
}

/** Copies blobs of a pack to a writer that lacks them, each one checked. A damaged one is taken from another copy, else it rejects. */
export async function movePack({ repository, pack, locations, writer }: MoveOptions): Promise<void> {
  const readElsewhere = ({ id, type }: BlobLocation): Promise<Buffer> => readBlob(repository, id, type);
  for await (const { locations: found, start, bytes } of readSealedRanges(repository, pack, locations)) {
    // What cannot be read here at all is damaged, every blob of it.
    await writer.move({ bytes: bytes ?? noBytes, start, locations: found }, readElsewhere);
  }
}

const noBytes = Buffer.alloc(0);
