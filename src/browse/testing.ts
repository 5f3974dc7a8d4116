import { spawnSync } from "node:child_process";
import { damaged } from "../repository/errors.ts";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { BlobLocation, TreeNode } from "../repository/types.ts";
import type { Restorable } from "../restore/restorable.ts";
import { StorageError } from "../storage/errors.ts";

/** For tests: snapshots that are nowhere, and GNU tar, which judges archives of them. */

const partOf = (id: string, size: number): BlobLocation => ({
  ...{ id, type: "data", pack: `pack of ${id}`, offset: 0, length: size, plainLength: size, compressed: false },
});

/** Files of parts of so many bytes, and folders that are damaged where they are named `lost`. */
export interface Tree {
  readonly [name: string]: readonly number[] | Tree;
}
export interface Wrong {
  /** Is damaged. */
  readonly part?: string;
  /** The store does not answer for it. */
  readonly unreachable?: string;
  /** A file that is in no index. */
  readonly missing?: string;
}

export function sourceOf(root: Tree, { part, unreachable, missing }: Wrong = {}): Restorable {
  const trees = new Map<string, TreeNode[]>();
  const add = (id: string, tree: Tree): void => {
    const nodes = Object.entries(tree).map(([name, content]) => {
      if (!isFile(content)) {
        add(`${id}/${name}`, content);
        return folderNode(name, `${id}/${name}`);
      }
      const ids = content.map((_, at) => `${name}${at}`);
      return fileNode(
        name,
        ids,
        content.reduce((sum, size) => sum + size, 0),
      );
    });
    trees.set(id, nodes);
    for (const [name, content] of Object.entries(tree)) {
      if (isFile(content))
        for (const [at, size] of content.entries()) parts.set(`${name}${at}`, partOf(`${name}${at}`, size));
    }
  };
  const parts = new Map<string, BlobLocation>();
  add("root", root);
  return {
    async readTree(id) {
      const nodes = trees.get(id);
      if (!nodes || id.endsWith("lost")) throw damaged(`The folder ${id} is damaged.`);
      return nodes;
    },
    locate(_, { name, content = [], size }) {
      if (name.toString() === missing) return { damage: "it is in no index" };
      return { parts: content.flatMap((id) => parts.get(id) ?? []), size };
    },
    async *readParts(_, locations) {
      for (const location of locations) {
        if (location.id === unreachable) throw new StorageError("Unreachable", "The store does not answer.");
        if (location.id === part) yield { location, error: damaged("bad blob") };
        else yield { location, plaintext: Buffer.alloc(location.plainLength, location.id) };
      }
    },
  };
}

const isFile = (content: readonly number[] | Tree): content is readonly number[] => Array.isArray(content);

/** What GNU tar says of an archive that it unpacks into `folder`. */
export const untar = (folder: string, bytes: Buffer) =>
  spawnSync("tar", ["-x", "-C", folder], { input: bytes, encoding: "utf8" });
