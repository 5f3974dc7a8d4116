import { isStorageError } from "../storage/errors.ts";
import { createBlobIndex } from "./blob-index.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { listDocuments } from "./documents.ts";
import { damaged } from "./errors.ts";
import { decodeIndex } from "./index-format.ts";
import { listPacks } from "./list-packs.ts";
import { createPackCache } from "./pack-cache.ts";
import { readIndexFile } from "./read-index-file.ts";
import type { BlobLocation, Id, IndexedRepository, Repository } from "./types.ts";

const concurrentReads = 8;

/**
 * Reads all index files. List the snapshots before calling it: whatever they refer to is then in the index. Rejects with
 * `RepositoryDamaged`, naming the file, where one is damaged. `onFile` is told of each file.
 */
export async function loadIndex(
  repository: Repository,
  { onFile }: { readonly onFile?: (id: Id) => void } = {},
): Promise<IndexedRepository> {
  const index = createBlobIndex();
  await readIndexes(repository, (id, locations) => {
    onFile?.(id);
    for (const location of locations) index.add(location);
  });
  return { ...repository, index, packCache: createPackCache() };
}

export interface PresentIndex {
  readonly repository: IndexedRepository;
  /** Packs that the index names and the store has not, or not whole. */
  readonly lostPacks: readonly Id[];
}

/**
 * The index without the packs that are gone: what a writer goes by, so that it stores again what was lost instead of
 * referring to it. Costs a listing of the packs, which comes after the reading: a pack that somebody stores meanwhile is then
 * in the one if it is in the other.
 */
export async function loadPresentIndex(repository: Repository): Promise<PresentIndex> {
  const whole = await loadIndex(repository);
  const packs = await listPacks(repository.storage, whole.index.packs());
  // Nearly always all of them are there, which shows without looking at every blob.
  const areAllPresent = [...whole.index.packEnds()].every(([pack, end]) => end < (packs.get(pack) ?? 0));
  if (areAllPresent) return { repository: whole, lostPacks: [] };
  const isPresent = ({ pack, offset, length }: BlobLocation): boolean => offset + length < (packs.get(pack) ?? 0);
  const lost = new Set<Id>();
  for (const location of whole.index.locations()) {
    if (!isPresent(location)) lost.add(location.pack);
  }
  const index = createBlobIndex();
  for (const location of whole.index.locations()) {
    if (isPresent(location)) index.add(location);
  }
  return { repository: { ...whole, index }, lostPacks: [...lost] };
}

/** Hands the locations of each index file to `take`, file by file, in no promised order. */
async function readIndexes(
  repository: Repository,
  take: (id: Id, locations: Iterable<BlobLocation>) => void,
): Promise<void> {
  const files = await listDocuments(repository, "index");
  await forEachConcurrently(files, concurrentReads, async ({ id }) => {
    const where = `index/${id} of ${repository.storage.description}`;
    const document = await readIndexFile(repository, id).catch((error: unknown) => {
      if (isStorageError(error, "NotFound"))
        throw damaged(`${where} vanished while it was being read: is something pruning without a lock?`, error);
      throw error;
    });
    take(id, decodeIndex(document, where));
  });
}
