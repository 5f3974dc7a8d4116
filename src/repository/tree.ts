import { readBlob } from "./blobs.ts";
import { decodeTree } from "./tree-format.ts";
import type { Id, IndexedRepository, TreeNode } from "./types.ts";

/** The entries of a folder, sorted by the bytes of their names. Rejects as `readBlob` does. */
export async function readTree(repository: IndexedRepository, id: Id): Promise<readonly TreeNode[]> {
  const bytes = await readBlob(repository, id, "tree");
  return decodeTree(bytes, `The tree ${id} of ${repository.storage.description}`);
}

/** Begins to read the packs that hold the folders among `nodes`, for whoever is going to enter all of them. */
export function readAhead({ index, packCache, storage }: IndexedRepository, nodes: readonly TreeNode[]): void {
  for (const { subtree } of nodes) {
    const pack = subtree && index.find(subtree, "tree")?.pack;
    if (pack) packCache.readAhead(storage, pack);
  }
}

/** The node at an absolute path (`/a/b`) below the tree `root`; undefined where there is none. */
export async function findNode(repository: IndexedRepository, root: Id, path: string): Promise<TreeNode | undefined> {
  let tree: Id | undefined = root;
  let node: TreeNode | undefined;
  for (const part of path.split("/").filter((name) => name !== "")) {
    if (!tree) return undefined;
    const name = Buffer.from(part);
    const nodes: readonly TreeNode[] = await readTree(repository, tree);
    node = nodes.find((entry) => entry.name.equals(name));
    tree = node?.subtree;
  }
  return node;
}
