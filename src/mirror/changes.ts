import type { Id, TreeNode } from "../repository/types.ts";
import type { Amount } from "./guard.ts";
import { pathBelow } from "./layout.ts";
import type { Trees } from "./trees.ts";

/** What happens to one file between two manifests. Files whose content stays do not occur, whatever their metadata. */
export type Change =
  | { readonly kind: "Added"; readonly path: Buffer; readonly after: TreeNode }
  | { readonly kind: "Replaced"; readonly path: Buffer; readonly before: TreeNode; readonly after: TreeNode }
  | { readonly kind: "Removed"; readonly path: Buffer; readonly before: TreeNode };

/** Goes through two trees side by side, passing over folders that are the same in both. */
export async function* changesBetween(
  trees: Pick<Trees, "read">,
  before: Id | undefined,
  after: Id | undefined,
  folder: Buffer = Buffer.alloc(0),
): AsyncGenerator<Change> {
  if (before === after) return;
  const old = before === undefined ? [] : await trees.read(before);
  const current = after === undefined ? [] : await trees.read(after);
  for (const [was, is] of pairs(old, current)) {
    const path = pathBelow(folder, (is ?? was)?.name ?? Buffer.alloc(0));
    const change = changeOf(path, was, is);
    if (change) yield change;
    if (was?.subtree || is?.subtree) yield* changesBetween(trees, was?.subtree, is?.subtree, path);
  }
}

function changeOf(path: Buffer, was: TreeNode | undefined, is: TreeNode | undefined): Change | undefined {
  const before = was?.type === "file" ? was : undefined;
  const after = is?.type === "file" ? is : undefined;
  if (before && after) return hasSameContent(before, after) ? undefined : { kind: "Replaced", path, before, after };
  if (before) return { kind: "Removed", path, before };
  return after && { kind: "Added", path, after };
}

export const hasSameContent = (a: TreeNode, b: TreeNode): boolean =>
  a.size === b.size && (a.content ?? []).join() === (b.content ?? []).join();

/** Entries of the same name side by side; both lists are sorted by the bytes of their names. */
function* pairs(
  old: readonly TreeNode[],
  current: readonly TreeNode[],
): Generator<readonly [TreeNode | undefined, TreeNode | undefined]> {
  let at = 0;
  let next = 0;
  while (at < old.length || next < current.length) {
    const [was, is] = [old[at], current[next]];
    const order = !was ? 1 : !is ? -1 : Buffer.compare(was.name, is.name);
    if (order <= 0) at++;
    if (order >= 0) next++;
    yield [order <= 0 ? was : undefined, order >= 0 ? is : undefined];
  }
}

/** How much goes, and how much gets other content. */
export async function summarise(
  changes: AsyncIterable<Change>,
): Promise<{ readonly removed: Amount; readonly replaced: Amount }> {
  const removed = { files: 0, bytes: 0 };
  const replaced = { files: 0, bytes: 0 };
  for await (const change of changes) {
    if (change.kind === "Added") continue;
    const amount = change.kind === "Removed" ? removed : replaced;
    amount.files++;
    amount.bytes += change.before.size;
  }
  return { removed, replaced };
}
