import { RepositoryError } from "./errors.ts";
import { readTree } from "./tree.ts";
import type { Id, IndexedRepository, TreeNode } from "./types.ts";

export interface WalkOptions {
  readonly repository: IndexedRepository;
  readonly roots: Iterable<Id>;
  readonly signal?: AbortSignal;
  /** Called once for every tree, in no promised order: with its entries, or with what is wrong with it. */
  readonly onTree: (id: Id, nodes: readonly TreeNode[] | RepositoryError) => void;
}

/**
 * Visits every tree below `roots` once, pack by pack: of all trees that are known to be wanted, those of one pack are read
 * together, so that a pack is fetched once and not once for every tree in it.
 */
export async function walkTrees({ repository, roots, signal, onTree }: WalkOptions): Promise<void> {
  const queue = createQueue(repository);
  for (const root of roots) queue.add(root);
  for (let pack = queue.next(); pack; pack = queue.next()) {
    for (const id of pack) {
      signal?.throwIfAborted();
      const nodes = await readOrError(repository, id);
      onTree(id, nodes);
      if (nodes instanceof Error) continue;
      for (const { subtree } of nodes) {
        if (subtree) queue.add(subtree);
      }
    }
  }
}

async function readOrError(repository: IndexedRepository, id: Id): Promise<readonly TreeNode[] | RepositoryError> {
  try {
    return await readTree(repository, id);
  } catch (error) {
    if (error instanceof RepositoryError) return error;
    throw error;
  }
}

/** Trees to visit, by the pack they lie in. */
function createQueue({ index }: IndexedRepository) {
  const seen = new Uint8Array(index.size);
  const seenMissing = new Set<Id>();
  const waiting = new Map<Id, Id[]>();
  return {
    add(id: Id): void {
      const [position] = index.positions(id, "tree");
      if (position === undefined ? seenMissing.has(id) : seen[position]) return;
      if (position === undefined) seenMissing.add(id);
      else seen[position] = 1;
      const pack = position === undefined ? "" : index.at(position).pack;
      const trees = waiting.get(pack);
      if (trees) trees.push(id);
      else waiting.set(pack, [id]);
    },
    /** The trees of the pack that most of them lie in. Trees found on the way are added to the next one. */
    next(): readonly Id[] | undefined {
      let fullest: Id | undefined;
      for (const [pack, trees] of waiting) {
        if (fullest === undefined || trees.length > (waiting.get(fullest)?.length ?? 0)) fullest = pack;
      }
      if (fullest === undefined) return undefined;
      const trees = waiting.get(fullest);
      waiting.delete(fullest);
      return trees;
    },
  };
}
