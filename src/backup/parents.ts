import type { Id, TreeNode } from "../repository/types.ts";
import { isActive, type TargetSession } from "./session.ts";

/** For each session, the folder of its parent snapshot that the one being read was then. */
export type ParentFolders = ReadonlyMap<TargetSession, Id>;

/** For each session, the entries of that folder by name (`nameKey`). */
export type ParentEntries = ReadonlyMap<TargetSession, ReadonlyMap<string, TreeNode>>;

export const nameKey = (name: Buffer): string => name.toString("latin1");

/** Where the source lay in each parent. `path` is absolute. */
export async function rootParents(sessions: readonly TargetSession[], path: string): Promise<ParentFolders> {
  const names = path.split("/").filter((name) => name !== "");
  let folders: ParentFolders = new Map(
    sessions.flatMap((session) => (session.parent ? [[session, session.parent.tree] as const] : [])),
  );
  for (const name of names) folders = subfolders(await readParents(sessions, folders), Buffer.from(name));
  return folders;
}

/** A tree's id is its content, so that targets with the same parent need one reading of it. */
export async function readParents(sessions: readonly TargetSession[], folders: ParentFolders): Promise<ParentEntries> {
  const read = new Map<Id, ReadonlyMap<string, TreeNode>>();
  const entries = new Map<TargetSession, ReadonlyMap<string, TreeNode>>();
  for (const session of sessions.filter(isActive)) {
    const folder = folders.get(session);
    if (!folder) continue;
    const nodes = read.get(folder) ?? byName(await session.readParentFolder(folder));
    if (!nodes) continue;
    read.set(folder, nodes);
    entries.set(session, nodes);
  }
  return entries;
}

const byName = (nodes: readonly TreeNode[] | undefined): ReadonlyMap<string, TreeNode> | undefined =>
  nodes && new Map(nodes.map((node) => [nameKey(node.name), node]));

export function subfolders(entries: ParentEntries, name: Buffer): ParentFolders {
  const key = nameKey(name);
  const folders = new Map<TargetSession, Id>();
  for (const [session, nodes] of entries) {
    const subtree = nodes.get(key)?.subtree;
    if (subtree) folders.set(session, subtree);
  }
  return folders;
}

export function countFolder(sessions: readonly TargetSession[], parents: ParentFolders, subtree: Id): void {
  for (const session of sessions) {
    const previous = parents.get(session);
    if (!previous) session.counts.foldersNew++;
    else if (previous === subtree) session.counts.foldersUnmodified++;
    else session.counts.foldersChanged++;
  }
}
