import { isStorageError } from "../storage/errors.ts";
import { type BlobIndex, createBlobIndex } from "./blob-index.ts";
import { readBlob, readSealedGroups } from "./blobs.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { isOfOnePart } from "./errors.ts";
import type { HeldLock } from "./locks.ts";
import { movePack } from "./move-pack.ts";
import { isGoodBlob } from "./pack-format.ts";
import { createPackWriter, type PackWriter } from "./pack-writer.ts";
import { createPackingPool, type PackingPoolOptions } from "./packing-pool.ts";
import { removePacks } from "./prune-remove.ts";
import type { BlobLocation, Id, IndexedRepository } from "./types.ts";
import { type Usage, usage } from "./usage.ts";
import { whileOurs } from "./while-ours.ts";

export interface RewriteOptions {
  /** Its index learns of the new packs. */
  readonly repository: IndexedRepository;
  /** Exclusive. */
  readonly lock: HeldLock;
  readonly found: Usage;
  readonly packs: ReadonlySet<Id>;
  readonly packing?: PackingPoolOptions | undefined;
  /** Bytes of each pack when it is stored; less than nothing when it is removed again. */
  readonly onStored?: ((bytes: number) => void) | undefined;
  /** Told of each pack that was read. */
  readonly onPack?: (() => void) | undefined;
}

/** Stored bytes to be moved from which threads are worth while: starting them takes as long as moving some 32 MiB. */
const worthThreads = 64 * 1024 * 1024;

/**
 * Copies what is in use to new packs, which are stored and indexed when this resolves. Blobs of different owners never meet in a
 * pack: what one of them needs must not go with what the other leaves behind. Where the store is full, all that was stored is
 * removed again before this rejects: it would take the very room that whatever frees some needs for a new index. So it is where something is
 * damaged: whoever tries each night would store as much each night.
 */
export async function rewritePacks(options: RewriteOptions): Promise<void> {
  const { repository, packs, packing, onStored } = options;
  const inUse = locationsInUse(options);
  const pool = createPackingPool(packing ?? (bytesOf(inUse) < worthThreads ? { threads: 0 } : {}));
  const stored: Stored = { packs: new Map(), indexes: new Set() };
  const added: BlobIndex[] = [];
  try {
    for (const [owner, owned] of Map.groupBy(packs, repository.index.ownerOf)) {
      const index = createBlobIndex();
      const writer = createPackWriter(pool, {
        repository,
        index,
        owner,
        onPack(id, bytes) {
          stored.packs.set(id, bytes);
          onStored?.(bytes);
        },
        onIndex: (id) => stored.indexes.add(id),
      });
      await moveAll(options, owned, { inUse, writer, concurrent: pool.concurrentMoves });
      added.push(index);
    }
    // The old packs may go before the next ones are rewritten, which may need what these held.
    for (const index of added) for (const location of index.locations()) repository.index.add(location);
  } catch (error) {
    if (isStorageError(error, "Full")) await takeBack(options, stored);
    // What stays behind is for the next prune to remove; the damage is what has to be known.
    if (isOfOnePart(error)) await takeBack(options, stored).catch(() => {});
    throw error;
  } finally {
    await pool.close();
  }
}

interface Moving {
  readonly inUse: ReadonlyMap<Id, readonly BlobLocation[]>;
  readonly writer: PackWriter;
  readonly concurrent: number;
}

async function moveAll(
  { repository, lock, onPack }: RewriteOptions,
  packs: readonly Id[],
  { inUse, writer, concurrent }: Moving,
): Promise<void> {
  try {
    await forEachConcurrently(packs, concurrent, async (pack) => {
      lock.signal.throwIfAborted();
      await movePack({ repository, pack, locations: inUse.get(pack) ?? [], writer });
      onPack?.();
    });
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** What was stored by a rewriting that has failed. Nothing but these index files names these packs. */
interface Stored {
  /** With their sizes in bytes. */
  readonly packs: Map<Id, number>;
  readonly indexes: Set<Id>;
}

async function takeBack({ repository, lock, onStored }: RewriteOptions, { packs, indexes }: Stored): Promise<void> {
  await lock.confirm();
  const assertOurs = whileOurs(lock);
  // Before what they name, as ever.
  for (const id of indexes) {
    await assertOurs();
    await repository.storage.delete(`index/${id}`);
  }
  const onRemoved = (pack: Id): void => onStored?.(-(packs.get(pack) ?? 0));
  await removePacks({ repository, lock, packs: [...packs.keys()], onRemoved });
}

/** Reads what is to be copied. Rejects with `RepositoryDamaged` where copying it would: something has no good copy in the index. */
export async function proveRewritable(options: RewriteOptions): Promise<void> {
  const { repository, lock, onPack } = options;
  for (const [pack, locations] of locationsInUse(options)) {
    lock.signal.throwIfAborted();
    for await (const { location, sealed } of readSealedGroups(repository, pack, locations)) {
      const isGood = sealed && isGoodBlob(repository.master, sealed, location);
      if (!isGood) await readBlob(repository, location.id, location.type);
    }
    onPack?.();
  }
}

function locationsInUse({ repository, found, packs }: RewriteOptions): Map<Id, BlobLocation[]> {
  const inUse = new Map<Id, BlobLocation[]>();
  let position = 0;
  // Those of new packs come last, and nothing was found out about them.
  for (const location of repository.index.locations()) {
    if (found[position++] !== usage.needed || !packs.has(location.pack)) continue;
    const locations = inUse.get(location.pack);
    if (locations) locations.push(location);
    else inUse.set(location.pack, [location]);
  }
  return inUse;
}

const bytesOf = (inUse: ReadonlyMap<Id, readonly BlobLocation[]>): number =>
  inUse.values().reduce((sum, locations) => sum + locations.reduce((all, { length }) => all + length, 0), 0);
