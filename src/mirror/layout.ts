import { hash } from "node:crypto";
import type { Id, TreeNode } from "../repository/types.ts";

/**
 * Where things lie below a mirror's URL. `files/<path>` are the files themselves, so that any tool of the store shows and fetches
 * them; everything of ours is below `.holdfast/`.
 */
export const layout = {
  files: "files/",
  own: ".holdfast/",
  /** Files whose path cannot be a key. */
  awkward: ".holdfast/awkward/",
  manifests: ".holdfast/manifests/",
  trees: ".holdfast/trees/",
  staging: ".holdfast/staging/",
  locks: ".holdfast/locks/",
  state: ".holdfast/state",
} as const;

/** A file is hashed, uploaded and read back in parts of this size: 8 MiB. The last one may be shorter. */
export const partBytes = 8 * 1024 * 1024;

/** S3 takes keys of 1,024 bytes; the mirror's own prefix needs some of them. */
const longestPath = 700;
/** File systems take names of 255 bytes, and while an object is being written its name is longer. */
const longestName = 200;

/** Bytes of a file's name field that say where it lies, if not where its path says. */
const objectField = "object";

/** The key for a file, by its path below the source. */
export function keyFor(path: Buffer): string {
  const text = path.toString();
  const isPlain =
    path.length <= longestPath &&
    Buffer.from(text).equals(path) &&
    isPrintable(text) &&
    text.split("/").every((name) => Buffer.byteLength(name) <= longestName && !isReserved(name));
  return isPlain ? `${layout.files}${text}` : `${layout.awkward}${hash("sha256", path)}`;
}

/** What neither XML, in which S3 lists keys, nor a terminal can carry. */
const isPrintable = (text: string): boolean => {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0xfffe || code === 0xffff) return false;
  }
  return true;
};

/** A folder as a store takes these for files that are being written. */
const isReserved = (name: string): boolean => name.startsWith(".") && name.endsWith(".holdfast-tmp");

/** The node of a file, with a field that names its object where that is not at its path. */
export function withObject(node: TreeNode, path: Buffer): TreeNode {
  const key = keyFor(path);
  return key.startsWith(layout.files) ? node : { ...node, unknown: { ...node.unknown, [objectField]: key } };
}

/** Where the manifest says that the content of a file lies. */
export function objectOf(node: TreeNode, path: Buffer): string {
  const object = node.unknown?.[objectField];
  return typeof object === "string" && object.startsWith(layout.awkward) ? object : `${layout.files}${path}`;
}

/** A file that waits to take another one's place. */
export const stagedKey = (generation: string, path: Buffer): string =>
  `${layout.staging}${generation}/${hash("sha256", path)}`;

export const treeKey = (id: Id): string => `${layout.trees}${id}`;
export const manifestKey = (id: Id): string => `${layout.manifests}${id}`;

export const pathBelow = (folder: Buffer, name: Buffer): Buffer =>
  folder.length === 0 ? name : Buffer.concat([folder, slash, name]);
const slash = Buffer.from("/");
