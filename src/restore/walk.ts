import { damaged } from "../repository/errors.ts";
import { isOfOneFolder } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import type { Folder } from "../system/folders.ts";
import { displayPath } from "./display-path.ts";
import type { Restorable } from "./restorable.ts";
import type { Selection } from "./selection.ts";

/**
 * The entries of a snapshot in the order of their making: a folder before, and its `leave` after, everything in it. A
 * folder whose tree is damaged, or cannot be read for another reason of its own, comes as `damaged` in place of its content.
 */
export type Step =
  | { readonly kind: "enter"; readonly folder: Folder; readonly node: TreeNode }
  | { readonly kind: "entry"; readonly folder: Folder; readonly node: TreeNode }
  | { readonly kind: "damaged"; readonly folder: Folder; readonly error: Error }
  /** `names` are the folder's own entries, without those that were not selected. */
  | {
      readonly kind: "leave";
      readonly folder: Folder;
      readonly node: TreeNode | undefined;
      readonly names: readonly Buffer[];
    };

type Paths = readonly (readonly Buffer[])[];

interface Level {
  readonly folder: Folder;
  readonly node: TreeNode | undefined;
  readonly entries: readonly Selected[];
  next: number;
}

interface Selected {
  readonly node: TreeNode;
  /** What of a folder is selected; everything where it is undefined. */
  readonly only: Paths | undefined;
}

const target: Folder = { name: Buffer.alloc(0), parent: undefined };

/**
 * Rejects with the store's error where the repository cannot be read at all; damage is handed out as a step. Folders count
 * from `root`, the target folder where it is absent.
 */
export async function* walk(repository: Restorable, selection: Selection, root: Folder = target): AsyncGenerator<Step> {
  const levels: Level[] = [];
  const first = await enter(repository, {
    folder: root,
    node: selection.node,
    tree: selection.tree,
    only: selection.only,
  });
  if (first.kind === "damaged") {
    yield first;
    return;
  }
  levels.push(first.level);
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const selected = level.entries[level.next++];
    if (!selected) {
      levels.pop();
      yield {
        kind: "leave",
        folder: level.folder,
        node: level.node,
        names: level.entries.map(({ node }) => node.name),
      };
      continue;
    }
    const { node, only } = selected;
    if (node.type !== "dir") {
      yield { kind: "entry", folder: level.folder, node };
      continue;
    }
    const folder: Folder = { name: node.name, parent: level.folder };
    yield { kind: "enter", folder, node };
    const inside = await enter(repository, { folder, node, tree: node.subtree, only });
    if (inside.kind === "damaged") yield inside;
    else levels.push(inside.level);
  }
}

async function enter(
  repository: Restorable,
  at: {
    readonly folder: Folder;
    readonly node: TreeNode | undefined;
    readonly tree: Id | undefined;
    readonly only: Paths | undefined;
  },
): Promise<{ kind: "entered"; level: Level } | Extract<Step, { kind: "damaged" }>> {
  const { folder, node, tree, only } = at;
  if (!tree) return { kind: "damaged", folder, error: damaged(`${displayPath(folder)} has no tree in the repository`) };
  try {
    const nodes = await repository.readTree(tree);
    const entries = nodes.flatMap((each) => chosen(each, only));
    repository.readAhead?.(only ? entries.map((entry) => entry.node) : nodes);
    return { kind: "entered", level: { folder, node, entries, next: 0 } };
  } catch (error) {
    if (!isOfOneFolder(error)) throw error;
    return { kind: "damaged", folder, error: error as Error };
  }
}

function chosen(node: TreeNode, only: Paths | undefined): Selected[] {
  if (!only) return [{ node, only: undefined }];
  const matching = only.filter(([first]) => first?.equals(node.name));
  if (matching.length === 0) return [];
  const whole = matching.some((path) => path.length === 1);
  return [{ node, only: whole ? undefined : matching.map((path) => path.slice(1)) }];
}
