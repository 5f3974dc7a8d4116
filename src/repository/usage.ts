import { damaged } from "./errors.ts";
import { chooseCopy, createIsolationWalk, isolatedAmong } from "./isolation.ts";
import { fullOwner, provenanceOf } from "./provenance.ts";
import type { BlobLocation, Id, IndexedRepository, Snapshot } from "./types.ts";
import { walkTrees } from "./walk-trees.ts";

/** For each position of the index one of `usage`. */
export type Usage = Uint8Array;

export const usage = {
  /** No snapshot needs the blob. */
  none: 0,
  /** This copy stays. */
  needed: 1,
  /** The blob is needed, and this copy of it is not: others stay, as far as they are good. */
  spare: 2,
} as const;

export interface UsageOptions {
  readonly repository: IndexedRepository;
  readonly snapshots: readonly Snapshot[];
  /** Packs in the store and their sizes. */
  readonly stored: ReadonlyMap<Id, number>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Which copies of which blobs stay. Of what a Differential needs one copy that the Full or itself wrote, as long as there is such
 * a one: copies were written on purpose, to make it independent of the others. For all other snapshots one copy is enough, and one
 * that stays for a Differential will do. Rejects with `RepositoryDamaged` where something is missing: what is in use is not known
 * then.
 */
export async function findUsage({ repository, snapshots, stored, signal }: UsageOptions): Promise<Usage> {
  const { index } = repository;
  const isPresent = ({ pack, offset, length }: BlobLocation): boolean => offset + length < (stored.get(pack) ?? 0);
  const found = new Uint8Array(index.size);
  /** By the position of a blob's first copy: somebody needs it, and no copy in particular. */
  const isWanted = await findWanted({ repository, snapshots, stored, signal });
  const visit = createIsolationWalk({
    repository,
    isPresent,
    signal,
    onBlob(positions, chosen) {
      if (chosen < 0) isWanted[positions[0] as number] = 1;
      else found[chosen] = usage.needed;
    },
  });
  for (const isolated of isolatedAmong(snapshots)) await visit(isolated);
  const living = new Set([fullOwner, ...snapshots.flatMap((snapshot) => provenanceOf(snapshot)?.owner ?? [])]);

  let position = -1;
  for (const { id, type } of index.locations()) {
    position++;
    if (!isWanted[position] && found[position] !== usage.needed) continue;
    const positions = index.positions(id, type);
    if (!positions.some((each) => found[each] === usage.needed)) keepOne(positions);
    for (const each of positions) found[each] ||= isSameCopy(each, positions) ? usage.needed : usage.spare;
  }
  return found;

  /** A pack that two index files name has its copies twice in the index. */
  function isSameCopy(position: number, positions: readonly number[]): boolean {
    if (positions.length === 1) return false;
    const { pack, offset } = index.at(position);
    return positions.some((each) => {
      if (found[each] !== usage.needed) return false;
      const other = index.at(each);
      return other.pack === pack && other.offset === offset;
    });
  }

  /**
   * One of a run whose snapshot is there, if there is one: what a forgotten Differential wrote shall go with it. All of them where
   * none is in the store: then there is nothing to choose.
   */
  function keepOne(positions: readonly number[]): void {
    const locations = positions.map((each) => index.at(each));
    const copies = locations.map((each) => ({ owner: each.owner, isPresent: isPresent(each) }));
    const preferred = chooseCopy(copies, living);
    const chosen = preferred < 0 ? chooseCopy(copies) : preferred;
    for (const each of chosen < 0 ? positions : [positions[chosen] as number]) found[each] = usage.needed;
  }
}

/** Marks what snapshots need that may depend on everybody. */
async function findWanted({ repository, snapshots, signal }: UsageOptions): Promise<Uint8Array> {
  const { index, storage } = repository;
  const isWanted = new Uint8Array(index.size);
  const isolated = new Set(isolatedAmong(snapshots).map(({ snapshot }) => snapshot.id));
  const mark = (id: Id, type: "data" | "tree"): void => {
    const [first] = index.positions(id, type);
    if (first === undefined)
      throw damaged(`The ${type} blob ${id}, which a snapshot needs, is in no index of ${storage.description}.`);
    isWanted[first] = 1;
  };
  await walkTrees({
    repository,
    roots: snapshots.filter(({ id }) => !isolated.has(id)).map(({ tree }) => tree),
    ...(signal && { signal }),
    onTree(id, nodes) {
      if (nodes instanceof Error) throw nodes;
      mark(id, "tree");
      for (const { content = [] } of nodes) {
        for (const blob of content) mark(blob, "data");
      }
    },
  });
  return isWanted;
}
