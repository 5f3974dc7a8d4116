import type { Id, TreeNode } from "../repository/types.ts";
import type { Restorable } from "./restorable.ts";

/** The entry at a path below the tree `root`; undefined where there is none. */
export async function findEntry(
  { readTree }: Pick<Restorable, "readTree">,
  root: Id,
  parts: readonly Buffer[],
): Promise<TreeNode | undefined> {
  let tree: Id | undefined = root;
  let node: TreeNode | undefined;
  for (const name of parts) {
    if (!tree) return undefined;
    const nodes: readonly TreeNode[] = await readTree(tree);
    node = nodes.find((entry) => entry.name.equals(name));
    tree = node?.subtree;
  }
  return node;
}
