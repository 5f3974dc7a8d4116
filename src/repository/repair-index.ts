import { readSealedGroups } from "./blobs.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { listDocuments, writeDocument } from "./documents.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { decodeIndex, encodeIndex, type IndexedPack } from "./index-format.ts";
import { isolatedAmong } from "./isolation.ts";
import { listPacks } from "./list-packs.ts";
import type { HeldLock } from "./locks.ts";
import { isGoodBlob, type PackEntry, placeInPack } from "./pack-format.ts";
import type { Owner } from "./provenance.ts";
import { readHeader } from "./read-header.ts";
import { readIndexFile } from "./read-index-file.ts";
import { listSnapshots } from "./snapshots.ts";
import type { BlobLocation, Id, Repository } from "./types.ts";
import { whileOurs } from "./while-ours.ts";

export interface RepairIndexOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  readonly onProgress?: ((progress: RepairProgress) => void) | undefined;
}

export interface RepairProgress {
  readonly phase: "headers" | "salvage";
  /** Packs. */
  readonly done: number;
  readonly total: number;
}

export interface RepairIndexReport {
  /** Packs and blobs that the new index names. */
  readonly packs: number;
  readonly blobs: number;
  readonly indexesRemoved: number;
  /** Old index files that could not be read; what they said is lost, unless the packs say it. */
  readonly damagedIndexes: readonly Id[];
  /** Packs without a readable header. `blobsKept` of them the old index named, and they were read and are good. */
  readonly damagedPacks: readonly DamagedPack[];
  /** Packs that the old index named and that are not in the store. */
  readonly missingPacks: readonly Id[];
  /** Packs of the new index of which no old one tells who wrote them: a Differential may need them, and not be independent. */
  readonly packsWithoutOwner: number;
  /** Differential snapshots in the repository, among those that could be read. */
  readonly differentials: number;
  /** Snapshots that are damaged or cannot be read at present: whether they are Differentials, nobody knows. */
  readonly unreadSnapshots: number;
}

export interface DamagedPack {
  readonly pack: Id;
  readonly blobsKept: number;
}

const concurrentReads = 8;
const concurrentRemovals = 8;
const blobsPerFile = 50_000;

/**
 * Makes the index anew from the headers of the packs, whatever the old one says, if there is one. Nothing but index files is
 * written or removed, and the old ones go only when the new ones are stored: killed at any moment it leaves at least as much in
 * the index as before, and may be repeated. Rejects with `RepositoryDamaged`, with nothing changed, where no pack is left.
 */
export async function repairIndex({ repository, lock, onProgress }: RepairIndexOptions): Promise<RepairIndexReport> {
  if (!lock.exclusive) throw new TypeError("Repairing the index takes an exclusive lock.");
  const old = await surveyIndexes(repository, lock);
  const stored = await listPacks(repository.storage, old.owners.keys());
  await refuseEmptyStore(repository, stored, old.owners);

  const writer = createIndexWriter(repository, old.owners);
  const unreadable = new Set<Id>();
  let done = 0;
  await forEachConcurrently(stored, concurrentReads, async ([pack, size]) => {
    lock.signal.throwIfAborted();
    const entries = await readHeader(repository, pack, size);
    if (entries) await writer.add({ id: pack, entries });
    else unreadable.add(pack);
    onProgress?.({ phase: "headers", done: ++done, total: stored.size });
  });
  const damagedPacks = await salvage({
    repository,
    lock,
    onProgress,
    unreadable,
    stored,
    indexes: old.readable,
    writer,
  });
  await writer.finish();

  await lock.confirm();
  const assertOurs = whileOurs(lock);
  await forEachConcurrently([...old.readable, ...old.damaged], concurrentRemovals, async (id) => {
    await assertOurs();
    await repository.storage.delete(`index/${id}`);
  });
  return {
    ...writer.counts,
    indexesRemoved: old.readable.length + old.damaged.length,
    damagedIndexes: old.damaged,
    damagedPacks,
    missingPacks: [...old.owners.keys()].filter((pack) => !stored.has(pack)).sort(),
    ...(await countDifferentials(repository)),
  };
}

interface OldIndexes {
  readonly readable: readonly Id[];
  readonly damaged: readonly Id[];
  /** Every pack that a readable one names, and its owner where it tells one. */
  readonly owners: ReadonlyMap<Id, Owner | undefined>;
}

/** One file after the other, so that the memory it takes is that of one, and of the packs' names. */
async function surveyIndexes(repository: Repository, lock: HeldLock): Promise<OldIndexes> {
  const readable: Id[] = [];
  const broken: Id[] = [];
  const owners = new Map<Id, Owner | undefined>();
  for (const { id } of await listDocuments(repository, "index")) {
    lock.signal.throwIfAborted();
    const locations = await readIndex(repository, id);
    (locations ? readable : broken).push(id);
    for (const { pack, owner } of locations ?? []) owners.set(pack, owners.get(pack) ?? owner);
  }
  return { readable, damaged: broken, owners };
}

/** Undefined where the file is damaged. */
async function readIndex(repository: Repository, id: Id): Promise<BlobLocation[] | undefined> {
  try {
    return [...decodeIndex(await readIndexFile(repository, id), `index/${id}`)];
  } catch (error) {
    if (error instanceof RepositoryError && error.reason === "RepositoryDamaged") return undefined;
    throw error;
  }
}

/** A store without a single pack, where there should be some, is more likely the wrong place than a repository to be repaired. */
async function refuseEmptyStore(
  repository: Repository,
  stored: ReadonlyMap<Id, number>,
  named: ReadonlyMap<Id, Owner | undefined>,
): Promise<void> {
  if (stored.size > 0) return;
  const snapshots = await listDocuments(repository, "snapshots");
  if (named.size === 0 && snapshots.length === 0) return;
  throw damaged(
    `${repository.storage.description} holds no pack at all, but ${snapshots.length} snapshots: there is nothing to make an index from. ` +
      "Nothing was changed. Bring the files below data/ back from a copy first.",
  );
}

async function countDifferentials(
  repository: Repository,
): Promise<Pick<RepairIndexReport, "differentials" | "unreadSnapshots">> {
  let unreadSnapshots = 0;
  const snapshots = await listSnapshots(repository, { onDamage: () => unreadSnapshots++ });
  return { differentials: isolatedAmong(snapshots).length, unreadSnapshots };
}

/**
 * A pack whose header is damaged may still hold good blobs. Where an old index says where they lie, they are read, and the good
 * ones stay in the index: leaving them out would lose them.
 */
async function salvage(options: SalvageOptions): Promise<DamagedPack[]> {
  const { repository, lock, onProgress, unreadable, stored, indexes, writer } = options;
  if (unreadable.size === 0) return [];
  const kept = new Map<Id, number>();
  // By place: old restic's indexes may name a pack's blobs in several files, and a killed prune's name them twice.
  const named = new Map<Id, Map<string, BlobLocation>>();
  for (const id of indexes) {
    for (const location of (await readIndex(repository, id)) ?? []) {
      if (!unreadable.has(location.pack)) continue;
      const places = named.get(location.pack) ?? new Map<string, BlobLocation>();
      named.set(location.pack, places.set(placeInPack(location), location));
    }
  }
  for (const [pack, places] of named) {
    lock.signal.throwIfAborted();
    const size = stored.get(pack) ?? 0;
    const inside = [...places.values()].filter(({ offset, length }) => offset + length <= size);
    const entries = await readableBlobs(repository, pack, inside);
    if (entries.length > 0) await writer.add({ id: pack, entries });
    kept.set(pack, entries.length);
    onProgress?.({ phase: "salvage", done: kept.size, total: unreadable.size });
  }
  return [...unreadable].sort().map((pack) => ({ pack, blobsKept: kept.get(pack) ?? 0 }));
}

interface SalvageOptions extends RepairIndexOptions {
  /** Packs without a readable header. */
  readonly unreadable: ReadonlySet<Id>;
  /** Sizes of the packs in the store. */
  readonly stored: ReadonlyMap<Id, number>;
  /** Old index files that can be read. */
  readonly indexes: readonly Id[];
  readonly writer: IndexWriter;
}

async function readableBlobs(
  repository: Repository,
  pack: Id,
  locations: readonly BlobLocation[],
): Promise<PackEntry[]> {
  const good: PackEntry[] = [];
  for await (const { location, sealed } of readSealedGroups(repository, pack, locations)) {
    if (sealed && isGoodBlob(repository.master, sealed, location)) good.push(location);
  }
  return good;
}

interface IndexWriter {
  readonly counts: { packs: number; blobs: number; packsWithoutOwner: number };
  add(pack: IndexedPack): Promise<void>;
  finish(): Promise<void>;
}

/** Writes an index file whenever there is enough for one. */
function createIndexWriter(repository: Repository, owners: ReadonlyMap<Id, Owner | undefined>): IndexWriter {
  const counts = { packs: 0, blobs: 0, packsWithoutOwner: 0 };
  let waiting: IndexedPack[] = [];
  let waitingBlobs = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const packs = waiting;
    waiting = [];
    waitingBlobs = 0;
    await writeDocument(repository, "index", encodeIndex(packs));
  };
  return {
    counts,
    async add(pack) {
      const owner = owners.get(pack.id);
      waiting.push({ ...pack, owner });
      if (owner === undefined) counts.packsWithoutOwner++;
      waitingBlobs += pack.entries.length;
      counts.packs++;
      counts.blobs += pack.entries.length;
      if (waitingBlobs >= blobsPerFile) await flush();
    },
    finish: flush,
  };
}
