import { damaged } from "../repository/errors.ts";
import { readTree } from "../repository/tree.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { BlobType, Id, IndexedRepository, TreeNode } from "../repository/types.ts";
import { walkTrees } from "../repository/walk-trees.ts";
import { newBreather } from "../restore/breathe.ts";
import { sameContent } from "../restore/same-content.ts";

/** `+` new, `-` removed, `M` other content, `T` another type, `U` other metadata; as restic's `diff` has them. */
export interface Change {
  readonly modifier: string;
  /** From the snapshots' root; that of a folder ends with `/`. */
  readonly path: Buffer;
}

/** What one side has and the other has not. */
export interface Side {
  readonly files: number;
  readonly dirs: number;
  readonly others: number;
  readonly data_blobs: number;
  readonly tree_blobs: number;
  /** Plaintext of these blobs. */
  readonly bytes: number;
}

export interface Difference {
  readonly changed_files: number;
  readonly added: Side;
  readonly removed: Side;
}

export interface DiffOptions {
  readonly repository: IndexedRepository;
  /** Trees. */
  readonly before: Id;
  readonly after: Id;
  /** Tells of changed metadata, too. */
  readonly metadata: boolean;
  readonly signal: AbortSignal;
  readonly onChange: (change: Change) => Promise<void>;
}

const inBefore = 1;
const inAfter = 2;

/** Tells of every change by path, and returns the sums. Rejects with `RepositoryDamaged` where a folder cannot be read. */
export async function diff(options: DiffOptions): Promise<Difference> {
  const { repository, signal } = options;
  const breathe = newBreather();
  const marks = createMarks(repository);
  const counts = { [inBefore]: newCounts(), [inAfter]: newCounts() };
  const same = new Set<Id>();
  let changedFiles = 0;
  // Not recursive: a folder may lie deeper than a stack is.
  const pending: Pair[] = [];
  const compareFolders = async (pair: Pair): Promise<void> => {
    await breathe();
    signal.throwIfAborted();
    const { before, after, path } = pair;
    if (before !== undefined && before === after) {
      same.add(before);
      return;
    }
    const [left, right] = await Promise.all(
      (
        [
          [before, inBefore],
          [after, inAfter],
        ] as const
      ).map(async ([tree, side]) => {
        if (tree === undefined) return [];
        marks.set(tree, "tree", side);
        return readTree(repository, tree);
      }),
    );
    const inside: Pair[] = [];
    for (const [a, b] of merged(left ?? [], right ?? [])) {
      const node = (b ?? a) as TreeNode;
      const below = Buffer.concat([path, node.name, Buffer.from(node.type === "dir" ? "/" : "")]);
      for (const id of a?.content ?? []) marks.set(id, "data", inBefore);
      for (const id of b?.content ?? []) marks.set(id, "data", inAfter);
      const modifier = modifierOf(a, b, options.metadata);
      if (modifier.includes("M")) changedFiles++;
      if (!a) count(counts[inAfter], node);
      if (!b) count(counts[inBefore], node);
      inside.push({ before: a?.subtree, after: b?.subtree, path: below, modifier });
    }
    for (const each of inside.reverse()) pending.push(each);
  };
  await compareFolders({ before: options.before, after: options.after, path: Buffer.from("/"), modifier: "" });
  for (let pair = pending.pop(); pair; pair = pending.pop()) {
    const { modifier, path } = pair;
    if (modifier) await options.onChange({ modifier, path });
    if (pair.before !== undefined || pair.after !== undefined) await compareFolders(pair);
  }
  await markSame(options, marks, same);
  return {
    changed_files: changedFiles,
    added: { ...counts[inAfter], ...marks.onlyIn(inAfter) },
    removed: { ...counts[inBefore], ...marks.onlyIn(inBefore) },
  };
}

interface Pair {
  readonly before: Id | undefined;
  readonly after: Id | undefined;
  readonly path: Buffer;
  readonly modifier: string;
}

/** Entries of the same name together, in the order of the names. */
function* merged(
  left: readonly TreeNode[],
  right: readonly TreeNode[],
): Generator<readonly [TreeNode | undefined, TreeNode | undefined]> {
  for (let a = 0, b = 0; a < left.length || b < right.length; ) {
    const [first, second] = [left[a], right[b]];
    const order = !first ? 1 : !second ? -1 : Buffer.compare(first.name, second.name);
    yield [order <= 0 ? first : undefined, order >= 0 ? second : undefined];
    if (order <= 0) a++;
    if (order >= 0) b++;
  }
}

/** Empty where nothing is to be told. */
function modifierOf(a: TreeNode | undefined, b: TreeNode | undefined, metadata: boolean): string {
  if (!a) return "+";
  if (!b) return "-";
  const type = a.type === b.type ? "" : "T";
  if (a.type === "file" && b.type === "file" && !sameContent(a, b)) return `${type}M`;
  return metadata && !encodeTree([a]).equals(encodeTree([b])) ? `${type}U` : type;
}

const newCounts = () => ({ files: 0, dirs: 0, others: 0 });

function count(counts: ReturnType<typeof newCounts>, { type }: TreeNode): void {
  if (type === "file") counts.files++;
  else if (type === "dir") counts.dirs++;
  else counts.others++;
}

/** Which blobs are on which side. */
function createMarks({ index, storage }: IndexedRepository) {
  const sides = new Uint8Array(index.size);
  return {
    set(id: Id, type: BlobType, side: number): void {
      const [position] = index.positions(id, type);
      if (position === undefined) throw damaged(`The ${type} blob ${id} is in no index of ${storage.description}.`);
      sides[position] = (sides[position] ?? 0) | side;
    },
    onlyIn(side: number): Pick<Side, "data_blobs" | "tree_blobs" | "bytes"> {
      const found = { data_blobs: 0, tree_blobs: 0, bytes: 0 };
      sides.forEach((each, position) => {
        if (each !== side) return;
        const { type, plainLength } = index.at(position);
        found[`${type}_blobs`]++;
        found.bytes += plainLength;
      });
      return found;
    },
  };
}

/** What lies below folders that both sides have is new on neither, even if it is also somewhere else. */
async function markSame(
  { repository, signal }: DiffOptions,
  marks: ReturnType<typeof createMarks>,
  roots: ReadonlySet<Id>,
): Promise<void> {
  const both = inBefore | inAfter;
  await walkTrees({
    repository,
    roots,
    signal,
    onTree(id, nodes) {
      if (nodes instanceof Error) throw nodes;
      marks.set(id, "tree", both);
      for (const { content = [] } of nodes) for (const blob of content) marks.set(blob, "data", both);
    },
  });
}
