import { damaged } from "./errors.ts";
import type { Id, IndexedRepository, Snapshot } from "./types.ts";
import { walkTrees } from "./walk-trees.ts";

/** For each position of the index: whether some snapshot needs it. */
export type Usage = Uint8Array;

/**
 * Marks every blob that a snapshot refers to, all its copies included: a copy was written on purpose, to make one snapshot
 * independent of another. Rejects with `RepositoryDamaged` where something is missing: what is in use is not known then.
 */
export async function findUsage(
  repository: IndexedRepository,
  snapshots: readonly Snapshot[],
  signal?: AbortSignal,
): Promise<Usage> {
  const { index, storage } = repository;
  const usage = new Uint8Array(index.size);
  const mark = (id: Id, type: "data" | "tree"): void => {
    const positions = index.positions(id, type);
    if (positions.length === 0)
      throw damaged(`The ${type} blob ${id}, which a snapshot needs, is in no index of ${storage.description}.`);
    for (const position of positions) usage[position] = 1;
  };
  await walkTrees({
    repository,
    roots: snapshots.map(({ tree }) => tree),
    ...(signal && { signal }),
    onTree(id, nodes) {
      if (nodes instanceof Error) throw nodes;
      mark(id, "tree");
      for (const { content = [] } of nodes) {
        for (const blob of content) mark(blob, "data");
      }
    },
  });
  return usage;
}
