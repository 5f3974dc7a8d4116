import { statSync } from "node:fs";
import { resolve } from "node:path";
import { idOf } from "../repository/crypto.ts";
import { goMode } from "../repository/mode.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { distribute, type Recipients } from "./distribute.ts";
import { nodeOf } from "./source.ts";

export interface RootOptions {
  readonly recipients: Recipients;
  readonly source: string;
  /** Absolute: where the source shall lie in the snapshot. */
  readonly path: string;
  /** The source's own tree. */
  readonly tree: Id;
}

/**
 * Stores the folders that lead to `path`, as restic does for an absolute path, and returns the id of the outermost tree. Where
 * the path is the source's own, they are the real ones; else they are plain folders with the source's time.
 */
export async function wrapInPath({ recipients, source, path, tree }: RootOptions): Promise<Id> {
  const names = path.split("/").filter((name) => name !== "");
  const isOwnPath = resolve(source) === path;
  const sourceNode = folderNode(source);
  let subtree = tree;
  for (let depth = names.length; depth > 0; depth--) {
    const isSource = depth === names.length;
    const real = isOwnPath && !isSource ? folderNode(`/${names.slice(0, depth).join("/")}`) : sourceNode;
    const node = isSource || isOwnPath ? real : plainFolder(real);
    const bytes = encodeTree([{ ...node, name: Buffer.from(names[depth - 1] ?? ""), subtree }]);
    subtree = idOf(bytes);
    await distribute(recipients, "tree", subtree, bytes);
  }
  return subtree;
}

const folderNode = (path: string): TreeNode => {
  const bytes = Buffer.from(path);
  return nodeOf({ name: bytes, path: bytes, stat: statSync(bytes, { bigint: true }) }, () => 0n);
};

const plainFolder = (node: TreeNode): TreeNode => ({
  ...node,
  mode: goMode(0o040755),
  uid: 0,
  gid: 0,
  inode: 0n,
  ctime: node.mtime,
});
