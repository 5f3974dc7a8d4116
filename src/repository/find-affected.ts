import { RepositoryError } from "./errors.ts";
import type { Findings } from "./findings.ts";
import { goQuote } from "./go-quote.ts";
import { readTree } from "./tree.ts";
import type { Id, IndexedRepository, Snapshot, TreeNode } from "./types.ts";

export interface AffectedFile {
  readonly snapshot: Id;
  /** Absolute path in the snapshot; a folder's ends in `/` and stands for everything below it. */
  readonly path: string;
}

const reported = 100;

/** The files that cannot be restored whole, newest snapshots first. Costs a walk of all trees, and only after damage was found. */
export async function findAffected(
  repository: IndexedRepository,
  snapshots: readonly Snapshot[],
  findings: Findings,
): Promise<AffectedFile[]> {
  const affected: AffectedFile[] = [];
  if (findings.problems.length === 0) return affected;
  const isLost = (id: Id, type: "data" | "tree"): boolean => findings.isLost(repository.index, id, type);
  /** Trees below which nothing is lost: the same ones come again in every snapshot. */
  const sound = new Set<Id>();

  const visit = async (snapshot: Id, path: string, tree: Id): Promise<void> => {
    if (sound.has(tree) || affected.length >= reported) return;
    const before = affected.length;
    const nodes = isLost(tree, "tree") ? undefined : await readOrNothing(repository, tree);
    if (!nodes) {
      affected.push({ snapshot, path: `${path}/` });
      return;
    }
    for (const node of nodes) {
      const nodePath = `${path}/${goQuote(node.name)}`;
      if (node.content?.some((id) => isLost(id, "data"))) affected.push({ snapshot, path: nodePath });
      if (node.subtree) await visit(snapshot, nodePath, node.subtree);
    }
    if (affected.length === before) sound.add(tree);
  };
  for (const { id, tree } of snapshots.toReversed()) await visit(id, "", tree);
  return affected.slice(0, reported);
}

async function readOrNothing(repository: IndexedRepository, tree: Id): Promise<readonly TreeNode[] | undefined> {
  try {
    return await readTree(repository, tree);
  } catch (error) {
    if (error instanceof RepositoryError) return undefined;
    throw error;
  }
}
