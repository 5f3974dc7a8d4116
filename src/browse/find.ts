import { encodeTree } from "../repository/tree-format.ts";
import type { Id, Snapshot, TreeNode } from "../repository/types.ts";
import { newBreather } from "../restore/breathe.ts";
import type { Restorable } from "../restore/restorable.ts";
import type { FindFilter } from "./find-filter.ts";

/** An entry that is the same in snapshots that follow each other. */
export interface Found {
  readonly node: TreeNode;
  /** From the snapshots' root. */
  readonly path: Buffer;
  /** Oldest first, and none of those searched between them lacks it. */
  readonly snapshots: readonly Snapshot[];
}

export interface FindOptions {
  readonly source: Restorable;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  readonly filter: FindFilter;
  readonly signal: AbortSignal;
}

/** One folder of all snapshots, by its trees. */
interface Level {
  /** With a `/` at its end. */
  readonly path: Buffer;
  /** Numbers of the snapshots by tree. */
  readonly trees: ReadonlyMap<Id, readonly number[]>;
  readonly entries: readonly Entry[];
  next: number;
  /** Trees with something found in or below them. */
  readonly fruitful: Set<Id>;
}

interface Entry {
  readonly name: Buffer;
  readonly versions: readonly Version[];
}

interface Version {
  readonly node: TreeNode;
  /** The folder's tree that it is in. */
  readonly within: Id;
}

/**
 * Walks through all snapshots side by side, so that what they share is read once, and hands out what matches by path, each
 * version with the snapshots that have it. Trees in which nothing was found are not read again, wherever else they are.
 * Rejects with `RepositoryDamaged` where a folder cannot be read.
 */
export async function* find({ source, snapshots, filter, signal }: FindOptions): AsyncGenerator<Found> {
  const barren = new Set<Id>();
  const breathe = newBreather();
  const levels = [
    await readLevel(source, Buffer.from("/"), groupBy(snapshots.map(({ tree }, number) => [tree, number] as const))),
  ];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    await breathe();
    signal.throwIfAborted();
    const entry = level.entries[level.next++];
    if (!entry) {
      levels.pop();
      if (!filter.needsPath) for (const id of level.trees.keys()) if (!level.fruitful.has(id)) barren.add(id);
      propagate(level, levels.at(-1));
      continue;
    }
    const { path, trees } = level;
    const text = path.toString();
    const matching = entry.versions.filter(({ node }) => filter.matches(node, text));
    for (const { within } of matching) level.fruitful.add(within);
    yield* runs(matching, trees, snapshots, Buffer.concat([path, entry.name]));
    const inside = entry.versions.flatMap(({ node: { subtree }, within }) =>
      subtree === undefined || barren.has(subtree)
        ? []
        : (trees.get(within) ?? []).map((number) => [subtree, number] as const),
    );
    if (inside.length > 0)
      levels.push(await readLevel(source, Buffer.concat([path, entry.name, Buffer.from("/")]), groupBy(inside)));
  }
}

function groupBy(pairs: readonly (readonly [Id, number])[]): Map<Id, number[]> {
  const groups = new Map<Id, number[]>();
  for (const [id, number] of pairs) {
    const group = groups.get(id);
    if (group) group.push(number);
    else groups.set(id, [number]);
  }
  return groups;
}

async function readLevel(source: Restorable, path: Buffer, trees: Level["trees"]): Promise<Level> {
  const byName = new Map<string, { readonly name: Buffer; readonly versions: Version[] }>();
  for (const id of trees.keys()) {
    for (const node of await source.readTree(id)) {
      const key = node.name.toString("latin1");
      const entry = byName.get(key) ?? { name: node.name, versions: [] };
      byName.set(key, entry);
      entry.versions.push({ node, within: id });
    }
  }
  const entries = [...byName.values()].sort((a, b) => Buffer.compare(a.name, b.name));
  return { path, trees, entries, next: 0, fruitful: new Set() };
}

/** What was found below a folder was found below the folders it is in. */
function propagate(left: Level, parent: Level | undefined): void {
  if (!parent || left.fruitful.size === 0) return;
  const entry = parent.entries[parent.next - 1];
  for (const { node, within } of entry?.versions ?? []) {
    if (node.subtree !== undefined && left.fruitful.has(node.subtree)) parent.fruitful.add(within);
  }
}

/** Equal versions in snapshots that follow each other, oldest first. */
function* runs(
  versions: readonly Version[],
  trees: Level["trees"],
  snapshots: readonly Snapshot[],
  path: Buffer,
): Generator<Found> {
  const inOrder = versions
    .flatMap(({ node, within }) => (trees.get(within) ?? []).map((number) => ({ number, node, key: keyOf(node) })))
    .sort((a, b) => a.number - b.number);
  for (let from = 0; from < inOrder.length; ) {
    const first = inOrder[from];
    let to = from + 1;
    while (inOrder[to] && inOrder[to]?.key === first?.key && inOrder[to]?.number === (first?.number ?? 0) + to - from)
      to++;
    const held = inOrder.slice(from, to).flatMap(({ number }) => snapshots[number] ?? []);
    if (first) yield { node: first.node, path, snapshots: held };
    from = to;
  }
}

/**
 * Two versions are equal if everything is that a restore brings back. When it was last looked at, and the numbers that a volume's
 * clone has anew each night, are no difference.
 */
function keyOf(node: TreeNode): string {
  const { subtree: _, user: __, group: ___, ...rest } = node;
  return encodeTree([{ ...rest, atime: 0n, ctime: 0n, inode: 0n, deviceId: 0n }]).toString("latin1");
}
