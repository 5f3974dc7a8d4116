import { isStorageError } from "../storage/errors.ts";
import { listDocuments, readDocumentIfPresent } from "./documents.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { listPacks } from "./list-packs.ts";
import { loadIndex } from "./load-index.ts";
import type { HeldLock } from "./locks.ts";
import type { PackingPoolOptions } from "./packing-pool.ts";
import { proveCopies } from "./prove-copies.ts";
import { measurePacks, type PackUsage, type PrunePlan, planPrune } from "./prune-plan.ts";
import { removePacks } from "./prune-remove.ts";
import { proveRewritable, type RewriteOptions, rewritePacks } from "./prune-rewrite.ts";
import { replaceIndexes } from "./replace-indexes.ts";
import { listSnapshots } from "./snapshots.ts";
import type { Id, IndexedRepository, Repository } from "./types.ts";
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
  const remove = async (packs: ReadonlySet<Id>): Promise<void> => {
    let done = 0;
    const onRemoved = (pack: Id): void => {
      countFreed(stored.get(pack) ?? 0);
      onProgress?.({ phase: "remove", done: ++done, total: packs.size });
    };
    await removePacks({ repository, lock, packs: [...packs], onRemoved });
  };
  const removeNamed = async (packs: ReadonlySet<Id>): Promise<void> => {
    const obsolete = packs.union(plan.missing);
    known = await replaceIndexes({ repository, lock, obsolete, known, ownerOf: indexed.index.ownerOf });
    await remove(packs);
  };
  const rewriting = (packs: ReadonlySet<Id>, phase: PruneProgress["phase"]): RewriteOptions => {
    let done = 0;
    const onPack = (): void => onProgress?.({ phase, done: ++done, total: packs.size });
    const onStored = (bytes: number): void => countFreed(-bytes);
    return { repository: indexed, lock, found, packs, packing, onStored, onPack };
  };
  const rewrite = (packs: ReadonlySet<Id>): Promise<void> => rewritePacks(rewriting(packs, "rewrite"));

  let isProven = false;
  const prove = async (): Promise<void> => {
    if (!isProven) await proveRewritable(rewriting(plan.rewrite, "compare"));
    isProven = true;
  };
  if (plan.unreferenced.size > 0) {
    // One of them may hold the only good copy of what is to be moved. Nor may they wait until that was moved: where it never can be, each try would leave more.
    await prove();
    await remove(plan.unreferenced);
  }
  const owned = [...Map.groupBy(plan.rewrite, indexed.index.ownerOf).values()];
  const hasSteps = plan.remove.size > 0 || owned.length > 1;
  const isFull = await rewrite(plan.rewrite).then(
    () => false,
    (error: unknown) => {
      if (isStorageError(error, "Full") && hasSteps) return true;
      throw error;
    },
  );
  if (isFull) {
    await prove();
    // Each step makes room for the next one.
    if (plan.remove.size > 0) await removeNamed(plan.remove);
    for (const packs of owned) {
      await rewrite(new Set(packs));
      await removeNamed(new Set(packs));
    }
  } else await removeNamed(plan.remove.union(plan.rewrite));

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
