import { type Stats, statsOf } from "../browse/stats.ts";
import type { RepositoryLocation } from "../contract/configs.ts";
import { withMirrorLock } from "../mirror/locks.ts";
import { assertNamed, isMirror, openMirror } from "../mirror/open.ts";
import { type MirrorStats, mirrorStats } from "../mirror/stats.ts";
import { loadIndex } from "../repository/load-index.ts";
import { type HeldLock, type LockOptions, withLock } from "../repository/locks.ts";
import { openRepository } from "../repository/repository.ts";
import { findSnapshot, listSnapshots } from "../repository/snapshots.ts";
import type { IndexedRepository, Snapshot } from "../repository/types.ts";
import { type Restorable, restorable } from "../restore/restorable.ts";
import type { Storage } from "../storage/storage.ts";
import { invalid } from "./failure.ts";
import type { Stores } from "./stores.ts";

/** What is read: a repository, or a mirror. Snapshots are found before `source` or `index` are asked for: whatever they refer to is then in it. */
export interface Readable {
  /** Oldest first; a mirror's is its manifest. */
  readonly snapshots: () => Promise<readonly Snapshot[]>;
  /** By `latest`, an id or the beginning of one. Rejects with `SnapshotNotFound`. */
  readonly find: (name: string) => Promise<Snapshot>;
  readonly source: () => Promise<Restorable>;
  /** Rejects where it is a mirror, which has none. */
  readonly index: () => Promise<IndexedRepository>;
  /** How large these are, restored and in the store. Rejects with `RepositoryDamaged` where a folder cannot be read. */
  readonly stats: (snapshots: readonly Snapshot[], signal: AbortSignal) => Promise<Stats | MirrorStats>;
}

type WithLock = <T>(options: LockOptions, work: (lock: HeldLock) => Promise<T>) => Promise<T>;

/** Rejects as the opening of a repository does. A mirror needs no password. */
export async function openReadable(
  location: RepositoryLocation,
  stores: Stores,
): Promise<Readable & { readonly lock: WithLock }> {
  const storage = await stores.openStorage(location);
  if (await isMirror(storage)) return readableMirror(storage);
  const repository = await openRepository({ storage, password: stores.password(location) });
  const index = () => loadIndex(repository);
  return {
    snapshots: () => listSnapshots(repository),
    find: (name) => findSnapshot(repository, name),
    source: async () => restorable(await index()),
    index,
    stats: async (snapshots, signal) => statsOf(await index(), snapshots, signal),
    lock: (options, work) => withLock(repository, options, work),
  };
}

function readableMirror(storage: Storage): Readable & { readonly lock: WithLock } {
  return {
    snapshots: async () => [(await openMirror(storage)).manifest],
    async find(name) {
      const mirror = await openMirror(storage);
      assertNamed(mirror, name, storage.description);
      return mirror.manifest;
    },
    source: () => openMirror(storage, "Manifest"),
    async index() {
      throw invalid(
        `${storage.description} is a mirror, which has neither an index nor a history: this is for repositories.`,
      );
    },
    stats: async (_, signal) => mirrorStats(storage, await openMirror(storage, "Manifest"), signal),
    lock: (options, work) => withMirrorLock(storage, options, work),
  };
}
