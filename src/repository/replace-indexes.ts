import { forEachConcurrently } from "./concurrency.ts";
import { listDocuments, writeDocument } from "./documents.ts";
import { decodePacks, encodeIndex, type IndexedPack, type UnknownFields, unknownFields } from "./index-format.ts";
import type { HeldLock } from "./locks.ts";
import { placeInPack } from "./pack-format.ts";
import type { Owner } from "./provenance.ts";
import { readIndexFile } from "./read-index-file.ts";
import type { Id, Repository } from "./types.ts";
import { whileOurs } from "./while-ours.ts";

export interface ReplaceOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  /** Packs that no index shall name any more. */
  readonly obsolete: ReadonlySet<Id>;
  /** What is known of a pack's owner beside what its own file says: it may be named in two. */
  readonly ownerOf: (pack: Id) => Owner | undefined;
  /** Index files that were seen before: they are read even where a stale listing lacks them. */
  readonly known: ReadonlySet<Id>;
}

/** An index file with fewer blobs is merged with others of its kind, when there are as many as that. */
const smallBlobs = 10_000;
const smallFiles = 16;
const blobsPerFile = 50_000;
const concurrentRemovals = 8;

/** Writes new index files without the obsolete packs, and then removes those that they replace. Returns the files that there are now. */
export async function replaceIndexes(options: ReplaceOptions): Promise<ReadonlySet<Id>> {
  const { repository, lock, obsolete, known } = options;
  const { present, replaced, repeated } = await chooseFiles(repository, obsolete, known);
  if (replaced.length === 0) return present;
  const written = await writeMerged(options, replaced, repeated);
  await lock.confirm();
  const assertOurs = whileOurs(lock);
  await forEachConcurrently(replaced, concurrentRemovals, async (id) => {
    await assertOurs();
    await repository.storage.delete(`index/${id}`);
  });
  return present.difference(new Set(replaced)).union(written);
}

interface Chosen {
  readonly present: ReadonlySet<Id>;
  readonly replaced: readonly Id[];
  /** Packs that are named more than once: twice with the same blobs, or with some of them in one file and some in another. */
  readonly repeated: ReadonlySet<Id>;
}

async function chooseFiles(repository: Repository, obsolete: ReadonlySet<Id>, known: ReadonlySet<Id>): Promise<Chosen> {
  const named = new Set<Id>();
  const repeated = new Set<Id>();
  const affected: Id[] = [];
  const small: Id[] = [];
  const listed = await listDocuments(repository, "index");
  const present = new Set([...known, ...listed.map((file) => file.id)]);
  for (const id of present) {
    const packs = await readPacks(repository, id);
    for (const pack of packs) (named.has(pack.id) ? repeated : named).add(pack.id);
    const blobs = packs.reduce((sum, { entries }) => sum + entries.length, 0);
    if (packs.length === 0 || packs.some((pack) => obsolete.has(pack.id))) affected.push(id);
    else if (blobs < smallBlobs) small.push(id);
  }
  return { present, replaced: small.length >= smallFiles ? [...affected, ...small] : affected, repeated };
}

/** File by file, so that the memory it takes is that of a few files. */
async function writeMerged(
  { repository, lock, obsolete, ownerOf }: ReplaceOptions,
  files: readonly Id[],
  repeated: ReadonlySet<Id>,
): Promise<ReadonlySet<Id>> {
  const written = new Set<Id>();
  let packs: IndexedPack[] = [];
  let blobs = 0;
  let unknown: UnknownFields = {};
  const seen = new Map<Id, Set<string>>();
  /** Without those that were written already. Old restic's indexes may name a pack's blobs in several files. */
  const unseen = ({ id, entries }: IndexedPack): IndexedPack["entries"] => {
    if (!repeated.has(id)) return entries;
    const before = seen.get(id) ?? new Set();
    seen.set(id, before);
    return entries.filter((entry) => {
      const place = placeInPack(entry);
      return !before.has(place) && before.add(place);
    });
  };
  const flush = async (): Promise<void> => {
    if (packs.length > 0) written.add(await writeDocument(repository, "index", encodeIndex(packs, unknown)));
    packs = [];
    blobs = 0;
  };
  for (const file of files) {
    lock.signal.throwIfAborted();
    const document = await readIndexFile(repository, file);
    unknown = { ...unknown, ...unknownFields(document) };
    for (const pack of decodePacks(document, whereIs(repository, file))) {
      const entries = obsolete.has(pack.id) ? [] : unseen(pack);
      if (entries.length === 0) continue;
      packs.push({ ...pack, entries, owner: pack.owner ?? ownerOf(pack.id) });
      blobs += entries.length;
      if (blobs >= blobsPerFile) await flush();
    }
  }
  await flush();
  return written;
}

const readPacks = async (repository: Repository, id: Id): Promise<IndexedPack[]> =>
  decodePacks(await readIndexFile(repository, id), whereIs(repository, id));

const whereIs = ({ storage }: Repository, id: Id): string => `index/${id} of ${storage.description}`;
