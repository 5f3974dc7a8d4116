import type { Id, TreeNode } from "../repository/types.ts";
import type { ExtendedAttribute } from "../system/attributes.ts";
import type { Archive } from "./archive.ts";
import { nameKey, type ParentEntries, type ParentFolders } from "./parents.ts";
import { isActive, type TargetSession } from "./session.ts";
import { type SourceEntry, withAttributes } from "./source.ts";
import { isUnchanged } from "./unchanged.ts";

/**
 * What a backup without changes comes down to: entries that are as the parents have them, and folders of nothing but such
 * entries, whose trees are neither written nor hashed again.
 */
export interface SharedParent {
  readonly id: Id;
  readonly nodes: ReadonlyMap<string, TreeNode>;
}

/** The folder's tree in the parent of every target that takes part; undefined where they differ, or one has none. */
export function sharedParent(
  sessions: readonly TargetSession[],
  folders: ParentFolders,
  entries: ParentEntries,
): SharedParent | undefined {
  let shared: SharedParent | undefined;
  for (const session of sessions) {
    if (!isActive(session)) continue;
    const id = folders.get(session);
    const nodes = entries.get(session);
    if (id === undefined || nodes === undefined || (shared && shared.id !== id)) return undefined;
    shared ??= { id, nodes };
  }
  return shared;
}

/**
 * The parents' node of a file of which nothing has changed and whose content no target lacks; counted as a file of the
 * backup. Undefined where anything at all is different. A file with several names is none of these: its names belong together.
 */
export function reuseFile(
  archive: Archive,
  { entry, node }: { readonly entry: SourceEntry; readonly node: TreeNode },
  parent: SharedParent,
): TreeNode | undefined {
  const before = parent.nodes.get(nameKey(node.name));
  if (!before?.content || node.links > 1 || !isSameStatus(node, before)) return undefined;
  for (const session of archive.sessions) {
    if (!isActive(session)) continue;
    if (!session.parent || !isUnchanged(node, before, session.parent)) return undefined;
    for (const id of before.content) if (session.lacks(id, "data")) return undefined;
  }
  const complete = withAttributes(node, entry.path);
  if (complete.error !== undefined || !areSameAttributes(complete, before)) return undefined;
  for (const session of archive.sessions) session.counts.filesUnmodified++;
  archive.totals.files++;
  archive.totals.bytes += node.size;
  archive.onProgress(0);
  return before;
}

/** The parents' node where it says the same as `node`; else `node`. */
export function reuseNode(node: TreeNode, parent: SharedParent | undefined): TreeNode {
  const before = parent?.nodes.get(nameKey(node.name));
  const isSame =
    before !== undefined &&
    node.error === undefined &&
    node.subtree === before.subtree &&
    isSameStatus(node, before) &&
    areSameAttributes(node, before) &&
    (node.linkTarget === undefined || before.linkTarget?.equals(node.linkTarget) === true);
  return isSame ? before : node;
}

/** The parents' tree, where `nodes` are exactly its own and every target has it. */
export function reuseTree(
  sessions: readonly TargetSession[],
  nodes: readonly TreeNode[],
  parent: SharedParent | undefined,
): Id | undefined {
  if (!parent || nodes.length !== parent.nodes.size) return undefined;
  if (!nodes.every((node) => parent.nodes.get(nameKey(node.name)) === node)) return undefined;
  return sessions.some((session) => session.lacks(parent.id, "tree")) ? undefined : parent.id;
}

/** Everything but attributes and content. What is not known to us may be out of date, and never counts as the same. */
function isSameStatus(a: TreeNode, b: TreeNode): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.mtime === b.mtime &&
    a.atime === b.atime &&
    a.ctime === b.ctime &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.user === b.user &&
    a.group === b.group &&
    a.inode === b.inode &&
    a.deviceId === b.deviceId &&
    a.size === b.size &&
    a.links === b.links &&
    a.device === b.device &&
    b.error === undefined &&
    b.unknown === undefined
  );
}

const areSameAttributes = (a: TreeNode, b: TreeNode): boolean =>
  a.extendedAttributes === b.extendedAttributes ||
  (a.extendedAttributes?.length === b.extendedAttributes?.length &&
    (a.extendedAttributes ?? []).every((attribute, at) => isSameAttribute(attribute, b.extendedAttributes?.[at])));

const isSameAttribute = (a: ExtendedAttribute, b: ExtendedAttribute | undefined): boolean =>
  a.name === b?.name && a.value.equals(b.value);
