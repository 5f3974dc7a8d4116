import type { SnapshotType } from "../contract/snapshot-type.ts";
import { sealOverhead } from "../repository/crypto.ts";
import { damaged } from "../repository/errors.ts";
import { type Owner, provenanceOf } from "../repository/provenance.ts";
import type { BlobType, Id, IndexedRepository, Snapshot, TreeNode } from "../repository/types.ts";
import { walkTrees } from "../repository/walk-trees.ts";

/** Names as in restic's `stats`, where restic has such a number. Sizes in bytes. */
export interface Stats {
  /** If every snapshot were restored: the sizes of their files, one with several names once. */
  readonly total_size: number;
  /** Entries of every kind. */
  readonly total_file_count: number;
  readonly snapshots_count: number;
  readonly raw_data: RawData;
  readonly snapshots: readonly SnapshotStats[];
}

/** What the snapshots take in the store, each blob once (restic's mode `raw-data`). */
export interface RawData {
  readonly total_size: number;
  readonly total_uncompressed_size: number;
  /** Of what is compressed; 0 where nothing is. */
  readonly compression_ratio: number;
  /** Share of the plaintext that is compressed, and what compression saves of all, in percent. */
  readonly compression_progress: number;
  readonly compression_space_saving: number;
  readonly total_blob_count: number;
  /** Of it, what several of the snapshots use. */
  readonly shared_size: number;
  readonly shared_blob_count: number;
  /** Further copies of these blobs. */
  readonly copies_size: number;
  /** Blobs in the index that none of these snapshots uses. */
  readonly unused_size: number;
  /** In packs of which nobody knows any more which run wrote them: restic's, or an index that restic wrote anew. */
  readonly unowned_size: number;
}

export interface SnapshotStats {
  readonly id: Id;
  readonly time: string;
  readonly total_size: number;
  readonly total_file_count: number;
  /** What only this one of the snapshots uses: forgetting it would free this. */
  readonly unique_size: number;
  readonly unique_blob_count: number;
  /** As its own run recorded it; absent where none of ours did. */
  readonly type?: SnapshotType;
  /** What lies in packs of its run, whoever uses it. */
  readonly written_size?: number;
}

/** Of one tree, without the folders in it. */
interface Branch {
  readonly folders: readonly Id[];
  /** Positions in the index of the contents' blobs, and of the tree itself. */
  readonly blobs: Uint32Array;
  readonly size: number;
  readonly entries: number;
  /** Files with several names: which file, and its size. */
  readonly linked: readonly (readonly [string, number])[];
}

interface Sum {
  readonly size: number;
  readonly entries: number;
  /** Whether a file with several names is below. */
  readonly linked: boolean;
}

/** Reads every tree once. Rejects with `RepositoryDamaged` where one cannot be read: the numbers would be wrong. */
export async function statsOf(
  repository: IndexedRepository,
  snapshots: readonly Snapshot[],
  signal: AbortSignal,
): Promise<Stats> {
  const branches = await readBranches(repository, snapshots, signal);
  const owners = ownersOf(repository, branches, snapshots);
  const sums = new Map<Id, Sum>();
  const own = snapshots.map(() => ({ unique_size: 0, unique_blob_count: 0 }));
  owners.forEach((owner, position) => {
    const one = own[owner];
    if (!one) return;
    one.unique_size += repository.index.at(position).length;
    one.unique_blob_count++;
  });
  const written = writtenSizes(repository);
  const each = snapshots.map((snapshot, number): SnapshotStats => {
    const { id, time, tree } = snapshot;
    const provenance = provenanceOf(snapshot);
    const { size, entries } = sumOf(branches, sums, tree);
    const total_size = size + linkedSize(branches, sums, tree);
    return {
      id,
      time,
      total_size,
      total_file_count: entries,
      ...(own[number] ?? { unique_size: 0, unique_blob_count: 0 }),
      ...(provenance && { type: provenance.type, written_size: written.get(provenance.owner) ?? 0 }),
    };
  });
  return {
    total_size: each.reduce((sum, { total_size }) => sum + total_size, 0),
    total_file_count: each.reduce((sum, { total_file_count }) => sum + total_file_count, 0),
    snapshots_count: snapshots.length,
    raw_data: { ...rawData(repository, owners), unowned_size: written.get(undefined) ?? 0 },
    snapshots: each,
  };
}

type Branches = ReadonlyMap<Id, Branch>;

async function readBranches(
  repository: IndexedRepository,
  snapshots: readonly Snapshot[],
  signal: AbortSignal,
): Promise<Branches> {
  const branches = new Map<Id, Branch>();
  const positionOf = (id: Id, type: BlobType): number => {
    const [position] = repository.index.positions(id, type);
    if (position !== undefined) return position;
    throw damaged(`The ${type} blob ${id} is in no index of ${repository.storage.description}.`);
  };
  await walkTrees({
    repository,
    roots: snapshots.map(({ tree }) => tree),
    signal,
    onTree(id, nodes) {
      if (nodes instanceof Error) throw nodes;
      branches.set(
        id,
        branchOf(nodes, positionOf(id, "tree"), (blob) => positionOf(blob, "data")),
      );
    },
  });
  return branches;
}

function branchOf(nodes: readonly TreeNode[], tree: number, positionOf: (id: Id) => number): Branch {
  const blobs = new Set([tree]);
  const linked: [string, number][] = [];
  let size = 0;
  for (const node of nodes) {
    for (const id of node.content ?? []) blobs.add(positionOf(id));
    if (node.type !== "file") continue;
    if (node.links > 1) linked.push([`${node.deviceId}:${node.inode}`, node.size]);
    else size += node.size;
  }
  const folders = nodes.flatMap(({ subtree }) => subtree ?? []);
  return { folders, blobs: Uint32Array.from(blobs), size, entries: nodes.length, linked };
}

const nobody = -1;
const shared = -2;

/** For each position of the index: the number of the only snapshot that uses it, `nobody`, or `shared`. */
function ownersOf({ index }: IndexedRepository, branches: Branches, snapshots: readonly Snapshot[]): Int32Array {
  const owners = new Int32Array(index.size).fill(nobody);
  const treeOwners = new Map<Id, number>();
  snapshots.forEach(({ tree }, number) => {
    const pending = [tree];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      const before = treeOwners.get(id) ?? nobody;
      // Every tree is looked at twice at most: for its first snapshot, and for the second.
      if (before === number || before === shared) continue;
      const owner = before === nobody ? number : shared;
      treeOwners.set(id, owner);
      const branch = branches.get(id);
      for (const blob of branch?.blobs ?? []) {
        const known = owners[blob] ?? nobody;
        owners[blob] = owner === shared || (known !== nobody && known !== number) ? shared : number;
      }
      for (const folder of branch?.folders ?? []) pending.push(folder);
    }
  });
  return owners;
}

/** Of everything below a tree, files with several names left out. Not recursive: a folder may lie deeper than a stack is. */
function sumOf(branches: Branches, sums: Map<Id, Sum>, root: Id): Sum {
  const pending = [root];
  for (let id = pending.at(-1); id !== undefined; id = pending.at(-1)) {
    const branch = branches.get(id);
    const missing = (branch?.folders ?? []).filter((folder) => !sums.has(folder));
    if (missing.length > 0) {
      for (const folder of missing) pending.push(folder);
      continue;
    }
    pending.pop();
    const inside = (branch?.folders ?? []).map((folder) => sums.get(folder) ?? nothing);
    sums.set(id, {
      size: inside.reduce((sum, { size }) => sum + size, branch?.size ?? 0),
      entries: inside.reduce((sum, { entries }) => sum + entries, branch?.entries ?? 0),
      linked: inside.some(({ linked }) => linked) || (branch?.linked.length ?? 0) > 0,
    });
  }
  return sums.get(root) ?? nothing;
}

const nothing: Sum = { size: 0, entries: 0, linked: false };

/** Of files with several names, each once. */
function linkedSize(branches: Branches, sums: ReadonlyMap<Id, Sum>, root: Id): number {
  const sizes = new Map<string, number>();
  const seen = new Set([root]);
  for (const id of seen) {
    const branch = branches.get(id);
    for (const [file, size] of branch?.linked ?? []) sizes.set(file, size);
    for (const folder of branch?.folders ?? []) if (sums.get(folder)?.linked) seen.add(folder);
  }
  return sizes.values().reduce((sum, size) => sum + size, 0);
}

/** Bytes of all blobs, copies too, by the run that wrote their pack. */
function writtenSizes({ index }: IndexedRepository): ReadonlyMap<Owner | undefined, number> {
  const sizes = new Map<Owner | undefined, number>();
  for (const { owner, length } of index.locations()) sizes.set(owner, (sizes.get(owner) ?? 0) + length);
  return sizes;
}

function rawData({ index }: IndexedRepository, owners: Int32Array): Omit<RawData, "unowned_size"> {
  const raw = { total_size: 0, total_uncompressed_size: 0, total_blob_count: 0, shared_size: 0, shared_blob_count: 0 };
  let compressed = 0;
  let uncompressed = 0;
  let copies = 0;
  let unused = 0;
  let position = 0;
  for (const location of index.locations()) {
    const owner = owners[position++] ?? nobody;
    const { id, type, length, plainLength } = location;
    if (owner === nobody) {
      const [first = 0] = index.positions(id, type);
      if (owners[first] === nobody) unused += length;
      else copies += length;
      continue;
    }
    // As restic counts: what the blob would take without compression, sealed all the same.
    const plain = plainLength + sealOverhead;
    raw.total_size += length;
    raw.total_uncompressed_size += plain;
    raw.total_blob_count++;
    if (owner === shared) {
      raw.shared_size += length;
      raw.shared_blob_count++;
    }
    if (!location.compressed) continue;
    compressed += length;
    uncompressed += plain;
  }
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    ...raw,
    compression_ratio: share(uncompressed, compressed),
    compression_progress: 100 * share(uncompressed, raw.total_uncompressed_size),
    compression_space_saving: 100 * (1 - share(raw.total_size, raw.total_uncompressed_size || 1)),
    copies_size: copies,
    unused_size: unused,
  };
}
