import { damaged } from "../repository/errors.ts";
import type { TreeNode } from "../repository/types.ts";
import type { Restorable } from "../restore/restorable.ts";
import type { Folder } from "../system/folders.ts";
import { pathOf, shownPath } from "./paths.ts";
import type { Piece } from "./stream.ts";

/** The content of a file in order. Throws `RepositoryDamaged` where it cannot be what it was, before any of it is read. */
export function contentOf(source: Restorable, folder: Folder, node: TreeNode): Piece[] {
  const path = pathOf(folder, node.name);
  const located = source.locate(folder, node);
  if ("damage" in located) throw damaged(`${shownPath(path)} cannot be read: ${located.damage}.`);
  return located.parts.map((part) => ({ part, path }));
}
