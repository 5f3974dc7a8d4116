import type { CheckOptions } from "./check-options.ts";
import type { Findings } from "./findings.ts";
import { goQuote } from "./go-quote.ts";
import type { Id, IndexedRepository, Snapshot, TreeNode } from "./types.ts";
import { walkTrees } from "./walk-trees.ts";

/** Every tree that a snapshot leads to must be readable, and every blob of its files in the index, as long as the files say. */
export async function checkTrees(
  repository: IndexedRepository,
  snapshots: readonly Snapshot[],
  findings: Findings,
  { onProgress, signal }: CheckOptions,
): Promise<void> {
  let done = 0;
  await walkTrees({
    repository,
    roots: snapshots.map(({ tree }) => tree),
    ...(signal && { signal }),
    onTree(id, nodes) {
      onProgress?.({ phase: "structure", done: ++done });
      if (nodes instanceof Error) {
        findings.problems.push(nodes.message);
        for (const copy of repository.index.findAll(id, "tree")) findings.addDamagedCopy(copy);
        return;
      }
      for (const node of nodes) checkContent(repository, id, node, findings);
    },
  });
}

function checkContent(
  { index }: IndexedRepository,
  tree: Id,
  { name, size, content }: TreeNode,
  findings: Findings,
): void {
  if (!content) return;
  const where = `tree ${tree}, file ${goQuote(name)}`;
  let bytes = 0;
  for (const id of content) {
    const location = index.find(id, "data");
    if (!location) {
      findings.problems.push(`${where}: its data blob ${id} is in no index`);
      return;
    }
    bytes += location.plainLength;
  }
  if (bytes !== size) findings.problems.push(`${where}: it has ${bytes} bytes of data instead of ${size}`);
}
