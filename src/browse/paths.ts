import type { Parts } from "../restore/find-given.ts";
import type { Folder } from "../system/folders.ts";

export { pathOf, pathOfParts, shownPath } from "../restore/display-path.ts";

/** The folder at a path. */
export const folderOf = (parts: Parts): Folder =>
  parts.reduce<Folder>((parent, name) => ({ name, parent }), { name: Buffer.alloc(0), parent: undefined });
