import { RepositoryError } from "../repository/errors.ts";
import type { Id, Snapshot, TreeNode } from "../repository/types.ts";
import { findEntry } from "../restore/find-entry.ts";
import type { Restorable } from "../restore/restorable.ts";
import { findStart } from "../restore/selection.ts";
import { type Parts, partsOf } from "./paths.ts";
import { safeText } from "./text.ts";

/** A place in a snapshot. */
export interface Located {
  /** From the snapshot's root, as `ls` shows it. */
  readonly parts: Parts;
  /** Absent for the root, which has no entry of its own. */
  readonly node: TreeNode | undefined;
  /** Of a folder. */
  readonly tree: Id | undefined;
}

/**
 * A path is read as `ls` shows it (`/data/a`), or as counted from the folder that was backed up (`a`). One that begins with
 * `/` is tried as the first, any other as the second. Rejects with `PathNotFound` where there is neither.
 */
export async function locate(source: Restorable, snapshot: Snapshot, path: string): Promise<Located> {
  const given = partsOf(path);
  const fromRoot: Located = { parts: [], node: undefined, tree: snapshot.tree };
  const start = await findStart(source, snapshot);
  const fromFolder: Located = { parts: start.parts, node: start.node, tree: start.tree };
  const isAbsolute = /^"?\//.test(path);
  for (const base of isAbsolute ? [fromRoot, fromFolder] : [fromFolder, fromRoot]) {
    const found = await descend(source, base, given);
    if (found) return found;
  }
  throw new RepositoryError(
    "PathNotFound",
    `«${safeText(path)}» is not in snapshot ${snapshot.id.slice(0, 8)}: look for it with ls or find.`,
  );
}

async function descend(source: Restorable, base: Located, given: Parts): Promise<Located | undefined> {
  if (given.length === 0) return base;
  if (!base.tree) return undefined;
  const node = await findEntry(source, base.tree, given);
  return node && { parts: [...base.parts, ...given], node, tree: node.subtree };
}
