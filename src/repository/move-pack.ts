import { readBlob, readSealedGroups } from "./blobs.ts";
import { openPayload, payloadOf } from "./pack-format.ts";
import type { PackWriter } from "./pack-writer.ts";
import type { BlobLocation, Id, IndexedRepository } from "./types.ts";

export interface MoveOptions {
  readonly repository: IndexedRepository;
  readonly pack: Id;
  /** Of this pack. */
  readonly locations: readonly BlobLocation[];
  readonly writer: PackWriter;
}

/** Copies blobs of a pack to a writer, each one checked. A damaged one is taken from another copy, else it rejects. */
export async function movePack({ repository, pack, locations, writer }: MoveOptions): Promise<void> {
  for await (const { location, sealed } of readSealedGroups(repository, pack, locations)) {
    const { id, type } = location;
    if (writer.has(id, type)) continue;
    const payload = sealed && openPayload(repository.master, sealed, location);
    await writer.add(payload ?? payloadOf(type, await readBlob(repository, id, type), id));
  }
}
