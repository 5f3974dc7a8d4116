import { isStorageError } from "../storage/errors.ts";
import { createBlobIndex } from "./blob-index.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { listDocuments, readDocumentIfPresent } from "./documents.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { listPacks } from "./list-packs.ts";
import { loadIndex } from "./load-index.ts";
import type { HeldLock } from "./locks.ts";
import { movePack } from "./move-pack.ts";
import { packKey } from "./pack-cache.ts";
import { createPackWriter } from "./pack-writer.ts";
import { createPackingPool, type PackingPool, type PackingPoolOptions } from "./packing-pool.ts";
import { proveCopies } from "./prove-copies.ts";
import type { Owner } from "./provenance.ts";
import { measurePacks, type PackUsage, type PrunePlan, planPrune } from "./prune-plan.ts";
import { replaceIndexes } from "./replace-indexes.ts";
import { listSnapshots } from "./snapshots.ts";
import type { BlobLocation, Id, IndexedRepository, Repository } from "./types.ts";
import { findUsage, type Usage, usage } from "./usage.ts";

export interface PruneOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  /** Unused bytes that may stay inside packs, as a share of the used ones; 0.05 where absent. */
  readonly maxUnusedShare?: number;
  readonly onProgress?: (progress: PruneProgress) => void;
  /** Bytes by which the store has got smaller, as it goes (what is gone is gone, should the next step fail); less than nothing where packs were written anew. */
  readonly onFreed?: ((bytes: number) => void) | undefined;
  /** How blobs are moved; by default in threads where there are many. */
  readonly packing?: PackingPoolOptions | undefined;
}

export interface PruneProgress {
  readonly phase: "compare" | "rewrite" | "remove";
  /** Packs. */
  readonly done: number;
  readonly total: number;
}

export interface PruneReport {
  readonly packsRemoved: number;
  readonly packsRewritten: number;
  /** Bytes that the store has less now. */
  readonly bytesFreed: number;
  /** Unused bytes left inside packs. */
  readonly bytesUnused: number;
}

const concurrentRemovals = 8;
/** Stored bytes to be moved from which threads are worth while: starting them takes as long as moving some 32 MiB. */
const worthThreads = 64 * 1024 * 1024;

/**
 * Removes what no snapshot needs. Memory grows with the index, not with the data. May be stopped or killed at any moment:
 * packs are removed only when no index names them, and no index is removed before its replacement is stored, so that every
 * snapshot is whole throughout; the next prune goes on. Removes nothing from a damaged repository.
 */
export async function prune(options: PruneOptions): Promise<PruneReport> {
  const { repository, lock, maxUnusedShare = 0.05, onProgress, onFreed, packing } = options;
  if (!lock.exclusive) throw new TypeError("Pruning takes an exclusive lock.");
  const snapshots = await listSnapshots(repository);
  const indexFiles = new Set<Id>();
  const indexed = await loadIndex(repository, { onFile: (id) => indexFiles.add(id) });
  const stored = await listPacks(repository.storage, indexed.index.packs());
  const found = await findUsage({ repository: indexed, snapshots, stored, signal: lock.signal });
  const { plan, measured } = await planSafely({ indexed, found, stored, maxUnusedShare, lock, onProgress });
  refuseLoss(indexed, found, plan);
  await refuseNews(repository, "snapshots", new Set(snapshots.map(({ id }) => id)));
  await refuseNews(repository, "index", indexFiles);

  let bytesFreed = 0;
  const countFreed = (bytes: number): void => {
    bytesFreed += bytes;
    onFreed?.(bytes);
  };
  let known: ReadonlySet<Id> = indexFiles;
  const remove = (packs: Iterable<Id>): Promise<void> =>
    removePacks({
      repository,
      lock,
      packs: [...packs],
      onProgress,
      onRemoved: (pack) => countFreed(stored.get(pack) ?? 0),
    });
  const removeNamed = async (packs: ReadonlySet<Id>): Promise<void> => {
    const obsolete = packs.union(plan.missing);
    known = await replaceIndexes({ repository, lock, obsolete, known, ownerOf: indexed.index.ownerOf });
    await remove(packs);
  };
  const rewriteAll = async (): Promise<void> =>
    countFreed(-(await rewrite({ indexed, found, packs: [...plan.rewrite], lock, onProgress, packing })));

  // No index names them. Among them is what a prune left that had no room for what it rewrote.
  await remove(plan.unreferenced);
  let leaving: ReadonlySet<Id> = plan.remove;
  try {
    await rewriteAll();
  } catch (error) {
    if (!isStorageError(error, "Full") || leaving.size === 0) throw error;
    // What goes anyhow makes the room.
    await removeNamed(leaving);
    leaving = new Set();
    await rewriteAll();
  }
  await removeNamed(leaving.union(plan.rewrite));

  const keptUnused = [...measured]
    .filter(([pack]) => !plan.remove.has(pack) && !plan.rewrite.has(pack) && !plan.missing.has(pack))
    .reduce((sum, [, { unused }]) => sum + unused, 0);
  return {
    packsRemoved: plan.remove.size + plan.unreferenced.size,
    packsRewritten: plan.rewrite.size,
    bytesFreed: Math.max(0, bytesFreed),
    bytesUnused: keptUnused,
  };
}

interface PlanningOptions extends Pick<PruneOptions, "lock" | "onProgress"> {
  readonly indexed: IndexedRepository;
  readonly found: Usage;
  readonly stored: ReadonlyMap<Id, number>;
  readonly maxUnusedShare: number;
}

/** Plans anew until every spare copy that goes leaves one behind that was read and is good. */
async function planSafely(
  options: PlanningOptions,
): Promise<{ readonly plan: PrunePlan; readonly measured: Map<Id, PackUsage> }> {
  const { indexed, found, stored, maxUnusedShare, lock, onProgress } = options;
  const isProven = new Uint8Array(indexed.index.size);
  for (;;) {
    const measured = measurePacks(indexed.index, found);
    const plan = planPrune({ usage: measured, stored, maxUnusedShare });
    const areGood = await proveCopies({
      repository: indexed,
      found,
      leaving: new Set([...plan.remove, ...plan.rewrite]),
      isProven,
      signal: lock.signal,
      onProgress: (done, total) => onProgress?.({ phase: "compare", done, total }),
    });
    if (areGood) return { plan, measured };
  }
}

/** Every blob in use must have a copy in a pack that is there. */
function refuseLoss({ index, storage }: IndexedRepository, found: Usage, { missing }: PrunePlan): void {
  if (missing.size === 0) return;
  let position = 0;
  for (const { id, type, pack } of index.locations()) {
    const isNeeded = found[position++] === usage.needed && missing.has(pack);
    if (isNeeded && index.findAll(id, type).every((copy) => missing.has(copy.pack))) {
      throw damaged(
        `The pack ${pack} of ${storage.description} is missing, and snapshots need it. Nothing was pruned: run check to see what is affected.`,
      );
    }
  }
}

/**
 * What was not listed at first was not counted as used. With the lock being ours nobody can have written it meanwhile: the first
 * listing was stale, or somebody does not respect locks.
 */
async function refuseNews(repository: Repository, folder: "snapshots" | "index", seen: ReadonlySet<Id>): Promise<void> {
  for (const { id } of await listDocuments(repository, folder)) {
    if (seen.has(id) || (await readDocumentIfPresent(repository, folder, id)) === undefined) continue;
    throw new RepositoryError(
      "StoreError",
      `${repository.storage.description} did not list ${folder}/${id} at first: its listings are stale, or somebody writes to it without a lock. ` +
        "Nothing was pruned; run it again.",
    );
  }
}

interface RewriteOptions extends Pick<PruneOptions, "lock" | "onProgress" | "packing"> {
  readonly indexed: IndexedRepository;
  readonly found: Usage;
  readonly packs: readonly Id[];
}

/**
 * Copies what is in use to new packs, which are stored and indexed when this resolves. Returns the bytes written. Blobs of
 * different owners never meet in a pack: what one of them needs must not go with what the other leaves behind.
 */
async function rewrite({ indexed, found, packs, lock, onProgress, packing }: RewriteOptions): Promise<number> {
  const inUse = locationsInUse(indexed, found, new Set(packs));
  const pool = createPackingPool(packing ?? (bytesOf(inUse) < worthThreads ? { threads: 0 } : {}));
  let written = 0;
  let done = 0;
  try {
    for (const [owner, owned] of Map.groupBy(packs, indexed.index.ownerOf)) {
      written += await rewriteOwned({ indexed, owner, packs: owned, inUse, lock, pool }, () =>
        onProgress?.({ phase: "rewrite", done: ++done, total: packs.length }),
      );
    }
  } finally {
    await pool.close();
  }
  return written;
}

interface OwnedPacks extends Pick<RewriteOptions, "indexed" | "packs" | "lock"> {
  readonly pool: PackingPool;
  readonly owner: Owner | undefined;
  readonly inUse: ReadonlyMap<Id, readonly BlobLocation[]>;
}

async function rewriteOwned(
  { indexed, owner, packs, inUse, lock, pool }: OwnedPacks,
  onPack: () => void,
): Promise<number> {
  const writer = createPackWriter(pool, { repository: indexed, index: createBlobIndex(), owner });
  try {
    await forEachConcurrently(packs, pool.concurrentMoves, async (pack) => {
      lock.signal.throwIfAborted();
      await movePack({ repository: indexed, pack, locations: inUse.get(pack) ?? [], writer });
      onPack();
    });
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return writer.counts.bytesStored;
}

function locationsInUse({ index }: IndexedRepository, found: Usage, packs: ReadonlySet<Id>): Map<Id, BlobLocation[]> {
  const inUse = new Map<Id, BlobLocation[]>();
  let position = 0;
  for (const location of index.locations()) {
    if (found[position++] !== usage.needed || !packs.has(location.pack)) continue;
    const locations = inUse.get(location.pack);
    if (locations) locations.push(location);
    else inUse.set(location.pack, [location]);
  }
  return inUse;
}

const bytesOf = (inUse: ReadonlyMap<Id, readonly BlobLocation[]>): number =>
  inUse.values().reduce((sum, locations) => sum + locations.reduce((all, { length }) => all + length, 0), 0);

interface RemoveOptions extends Pick<PruneOptions, "repository" | "lock" | "onProgress"> {
  readonly packs: readonly Id[];
  readonly onRemoved: (pack: Id) => void;
}

async function removePacks({ repository, lock, packs, onProgress, onRemoved }: RemoveOptions): Promise<void> {
  if (packs.length === 0) return;
  await lock.confirm();
  let done = 0;
  await forEachConcurrently(packs, concurrentRemovals, async (pack) => {
    lock.signal.throwIfAborted();
    await repository.storage.delete(packKey(pack));
    onRemoved(pack);
    onProgress?.({ phase: "remove", done: ++done, total: packs.length });
  });
}
