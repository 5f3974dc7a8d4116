import { newBreather } from "../restore/breathe.ts";
import { walk } from "../restore/walk.ts";
import type { Storage } from "../storage/storage.ts";
import { layout } from "./layout.ts";
import type { OpenMirror } from "./open.ts";

/** Names as in the statistics of a repository, where those have such a number. Sizes in bytes. */
export interface MirrorStats {
  /** If it were restored: the sizes of its files, one with several names once. */
  readonly total_size: number;
  /** Entries of every kind. */
  readonly total_file_count: number;
  readonly snapshots_count: 1;
  readonly snapshots: readonly [MirrorSnapshot];
  readonly objects: StoredObjects;
}

export interface MirrorSnapshot {
  readonly id: string;
  readonly time: string;
  readonly total_size: number;
  readonly total_file_count: number;
  readonly type: "Mirror";
}

/** All that lies in the store below the mirror's place, locks left out. */
export interface StoredObjects {
  readonly total_size: number;
  readonly total_count: number;
  /** Of it, the manifest, the folders' entries, and what an interrupted run left: not the files themselves. */
  readonly own_size: number;
  readonly own_count: number;
}

/** Reads every folder of the manifest and lists the store. Hold a lock. Rejects with `RepositoryDamaged` where a folder cannot be read. */
export async function mirrorStats(storage: Storage, mirror: OpenMirror, signal: AbortSignal): Promise<MirrorStats> {
  const { id, time, tree } = mirror.manifest;
  const breathe = newBreather();
  const linked = new Set<string>();
  let [size, count] = [0, 0];
  for await (const step of walk(mirror, { tree, node: undefined, only: undefined })) {
    await breathe();
    signal.throwIfAborted();
    if (step.kind === "damaged") throw step.error;
    if (step.kind === "leave") continue;
    const { node } = step;
    count++;
    if (node.type !== "file") continue;
    const file = `${node.deviceId}:${node.inode}`;
    if (!linked.has(file)) size += node.size;
    if (node.links > 1) linked.add(file);
  }
  const sizes = { total_size: size, total_file_count: count };
  return {
    ...sizes,
    snapshots_count: 1,
    snapshots: [{ id, time, ...sizes, type: "Mirror" }],
    objects: await storedObjects(storage, signal),
  };
}

async function storedObjects(storage: Storage, signal: AbortSignal): Promise<StoredObjects> {
  const all = { total_size: 0, total_count: 0, own_size: 0, own_count: 0 };
  for await (const { key, size } of storage.list("")) {
    signal.throwIfAborted();
    if (key.startsWith(layout.locks)) continue;
    all.total_size += size;
    all.total_count++;
    if (!key.startsWith(layout.own) || key.startsWith(layout.awkward)) continue;
    all.own_size += size;
    all.own_count++;
  }
  return all;
}
