import { RepositoryError } from "../repository/errors.ts";
import type { Id, Snapshot, TreeNode } from "../repository/types.ts";
import { findGiven, findInFolder, type Parts, partsOf, splitPath } from "./find-given.ts";
import type { Restorable } from "./restorable.ts";

/** What of a snapshot somebody wants. */
export interface Wanted {
  /** Paths, as `findGiven` reads them; everything where there are none. */
  readonly include: readonly string[];
  /** They are counted from the folder that was backed up, and mean nothing else. */
  readonly includeFromFolder?: boolean | undefined;
}

/** What of a snapshot is to be restored. */
export interface Selection {
  /** The tree whose entries land in the target folder itself. */
  readonly tree: Id;
  /** The backed-up folder's own entry: its metadata become the target folder's. Absent where the snapshot has none. */
  readonly node: TreeNode | undefined;
  /** Only these paths below the restored folder; everything where it is undefined. */
  readonly only: readonly Parts[] | undefined;
}

/**
 * A snapshot of one path restores that path's content into the target, as a volume is restored into a volume. One of
 * several paths (restic makes such) restores the whole tree, absolute paths and all. Rejects with `InvalidConfiguration`
 * where an included path is not in the snapshot.
 */
export async function select(
  repository: Restorable,
  snapshot: Snapshot,
  { include, includeFromFolder = false }: Wanted,
): Promise<Selection> {
  const start = await findStart(repository, snapshot);
  if (include.length === 0) return start;
  const find = (path: string) =>
    includeFromFolder ? findInFolder(repository, start, path) : findGiven(repository, snapshot, start, path);
  const only = await Promise.all(
    include.map(async (path): Promise<Parts> => {
      // Nothing given (an unset variable, say) is not everything.
      const found = partsOf(path).length > 0 ? await find(path) : undefined;
      if (found) return found.inside;
      throw notThere(path, snapshot);
    }),
  );
  return only.some((parts) => parts.length === 0) ? start : { ...start, only };
}

/** The folder that was backed up, where there is one; of a single file, the folder that it is in. */
export interface Start extends Selection {
  /** Its path from the snapshot's root. */
  readonly parts: Parts;
}

export async function findStart(repository: Restorable, snapshot: Snapshot): Promise<Start> {
  const whole: Start = { tree: snapshot.tree, node: undefined, only: undefined, parts: [] };
  const [path, ...others] = snapshot.paths;
  if (path === undefined || others.length > 0) return whole;
  const parts = splitPath(Buffer.from(path));
  // `restic backup folder` records the absolute path, but its tree begins at the folder: try the shorter ends, too.
  for (let from = 0; from < parts.length; from++) {
    const found = await descend(repository, snapshot.tree, parts.slice(from));
    if (found) return found;
  }
  return whole;
}

/** Follows folders that hold nothing but the next part of the path; undefined where the tree is not like that. */
async function descend(repository: Restorable, root: Id, parts: Parts): Promise<Start | undefined> {
  let at: Start = { tree: root, node: undefined, only: undefined, parts: [] };
  for (const [position, part] of parts.entries()) {
    const nodes: readonly TreeNode[] = await repository.readTree(at.tree);
    const [node, ...others] = nodes;
    if (!node?.name.equals(part) || others.length > 0) return undefined;
    if (node.subtree) at = { tree: node.subtree, node, only: undefined, parts: parts.slice(0, position + 1) };
    else return position === parts.length - 1 ? at : undefined;
  }
  return at;
}

const notThere = (path: string, snapshot: Snapshot): RepositoryError =>
  new RepositoryError(
    "InvalidConfiguration",
    `«${path}» is not in snapshot ${snapshot.id.slice(0, 8)}: give a path as it is below the backed-up folder.`,
  );
