import { statSync } from "node:fs";
import { resolve } from "node:path";
import { idOf } from "../repository/crypto.ts";
import { goMode } from "../repository/mode.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import type { Archive } from "./archive.ts";
import { distribute, type Recipients } from "./distribute.ts";
import { nodeOf, withAttributes } from "./source.ts";

export interface RootOptions {
  readonly archive: Archive;
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
export async function wrapInPath({ archive, source, path, tree }: RootOptions): Promise<Id> {
  const names = path.split("/").filter((name) => name !== "");
  const isOwnPath = resolve(source) === path;
  const sourceNode = folderNode(archive, source);
  let subtree = tree;
  for (let depth = names.length; depth > 0; depth--) {
    const isSource = depth === names.length;
    const real = isOwnPath && !isSource ? folderNode(archive, `/${names.slice(0, depth).join("/")}`) : sourceNode;
    const node = isSource || isOwnPath ? real : plainFolder(real);
    const bytes = encodeTree([{ ...node, name: Buffer.from(names[depth - 1] ?? ""), subtree }]);
    subtree = idOf(bytes);
    await distribute(archive, "tree", subtree, bytes);
  }
  return subtree;
}

export interface PlainFoldersOptions {
  readonly recipients: Recipients;
  readonly path: string;
  readonly tree: Id;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
}

/** The same, with plain folders all the way: for what is no folder itself. */
export async function wrapInPlainFolders({ recipients, path, tree, time }: PlainFoldersOptions): Promise<Id> {
  let subtree = tree;
  for (const name of path
    .split("/")
    .filter((part) => part !== "")
    .reverse()) {
    const bytes = encodeTree([{ ...plainFolder({ name: Buffer.from(name), mtime: time }), subtree }]);
    subtree = idOf(bytes);
    await distribute(recipients, "tree", subtree, bytes);
  }
  return subtree;
}

function folderNode(archive: Archive, path: string): TreeNode {
  const bytes = Buffer.from(path);
  const stat = statSync(bytes, { bigint: true });
  // The slash makes it the folder, where the path is a link to one.
  const node = withAttributes(nodeOf({ name: bytes, path: bytes, stat }, archive), Buffer.from(`${path}/`));
  if (node.error) archive.failures.add(path, new Error(node.error));
  return node;
}

/** With nothing of the real one but its time. */
const plainFolder = ({ name, mtime }: Pick<TreeNode, "name" | "mtime">): TreeNode => ({
  name,
  type: "dir",
  mode: goMode(0o040755),
  mtime,
  atime: mtime,
  ctime: mtime,
  uid: 0,
  gid: 0,
  inode: 0n,
  deviceId: 0n,
  size: 0,
  links: 0,
  device: 0n,
});
