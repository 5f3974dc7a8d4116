import type { Snapshot, TreeNode } from "../repository/types.ts";
import { newBreather } from "../restore/breathe.ts";
import type { Restorable } from "../restore/restorable.ts";
import { walk } from "../restore/walk.ts";
import { type Located, locate } from "./locate.ts";
import { folderOf, pathOf } from "./paths.ts";

export interface Listed {
  readonly node: TreeNode;
  /** From the snapshot's root. */
  readonly path: Buffer;
}

export interface ListOptions {
  readonly source: Restorable;
  readonly snapshot: Snapshot;
  /** Everything where there are none; else each of them, with what is directly in it. */
  readonly paths: readonly string[];
  /** Everything below the paths. */
  readonly recursive: boolean;
  readonly signal: AbortSignal;
}

/** Entries in restic's order: a folder before what is in it. Rejects with `RepositoryDamaged` where a folder cannot be read. */
export async function* list({ source, snapshot, paths, recursive, signal }: ListOptions): AsyncGenerator<Listed> {
  const breathe = newBreather();
  const places = await Promise.all(
    paths.length > 0
      ? paths.map((path) => locate(source, snapshot, path))
      : [{ parts: [], node: undefined, tree: snapshot.tree } satisfies Located],
  );
  const isDeep = recursive || paths.length === 0;
  for (const place of places) {
    for await (const entry of isDeep ? below(source, place) : directlyIn(source, place)) {
      await breathe();
      signal.throwIfAborted();
      yield entry;
    }
  }
}

async function* directlyIn(source: Restorable, place: Located): AsyncGenerator<Listed> {
  const folder = folderOf(place.parts);
  if (place.node) yield { node: place.node, path: pathOf(folder) };
  if (!place.tree) return;
  for (const node of await source.readTree(place.tree)) yield { node, path: pathOf(folder, node.name) };
}

async function* below(source: Restorable, place: Located): AsyncGenerator<Listed> {
  const folder = folderOf(place.parts);
  if (place.node) yield { node: place.node, path: pathOf(folder) };
  if (!place.tree) return;
  const selection = { tree: place.tree, node: place.node, only: undefined };
  for await (const step of walk(source, selection, folder)) {
    if (step.kind === "damaged") throw step.error;
    if (step.kind === "enter") yield { node: step.node, path: pathOf(step.folder) };
    if (step.kind === "entry") yield { node: step.node, path: pathOf(step.folder, step.node.name) };
  }
}
