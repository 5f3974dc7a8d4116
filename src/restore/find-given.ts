import { goUnquote } from "../repository/go-quote.ts";
import type { Id, Snapshot, TreeNode } from "../repository/types.ts";
import { findEntry } from "./find-entry.ts";
import type { Restorable } from "./restorable.ts";
import type { Start } from "./selection.ts";

/** The parts of a path, as the file system's bytes. */
export type Parts = readonly Buffer[];

/** What a person's path leads to. */
export interface Given {
  /** From the snapshot's root, as `ls` shows it. */
  readonly parts: Parts;
  /** From the folder that was backed up; empty for that folder itself, and for those it lies in. */
  readonly inside: Parts;
  /** Absent for the root, which has no entry of its own. */
  readonly node: TreeNode | undefined;
  /** Of a folder. */
  readonly tree: Id | undefined;
}

interface Base extends Given {
  /** What is to be followed from here. */
  readonly rest: Parts;
}

/**
 * The one meaning of a path for whatever looks into a snapshot or restores of it: as `ls` shows it (`/data/a`), as it was on its machine
 * (`/home/ann/data/a`, where restic recorded that and kept `data` only), or as counted from the folder that was backed up (`a`). One that
 * begins with `/` is tried in this order, any other as counted from the folder first: the folder's own name does not mean all that is in it there.
 * Undefined where there is none.
 */
export async function findGiven(
  source: Restorable,
  snapshot: Snapshot,
  start: Start,
  path: string,
): Promise<Given | undefined> {
  const given = partsOf(path);
  const fromRoot = { parts: [], inside: [], node: undefined, tree: snapshot.tree, rest: given };
  const fromFolder = { parts: start.parts, inside: [], node: start.node, tree: start.tree, rest: given };
  const rest = belowRecorded(snapshot, given);
  const fromRecorded: Base[] = rest ? [{ ...fromFolder, rest }] : [];
  const isAbsolute = /^"?\//.test(path);
  for (const base of isAbsolute ? [fromRoot, ...fromRecorded, fromFolder] : [fromFolder, fromRoot, ...fromRecorded]) {
    const found = await follow(source, base);
    if (!found) continue;
    const inside = base === fromRoot ? found.parts.slice(start.parts.length) : found.inside;
    if (isAbsolute || base === fromFolder || inside.length > 0) return { ...found, inside };
  }
  return undefined;
}

/** What a path leads to that is counted from the folder that was backed up, also with a `/` in front. Undefined where there is none. */
export const findInFolder = (source: Restorable, { parts, node, tree }: Start, path: string) =>
  follow(source, { parts, inside: [], node, tree, rest: partsOf(path) });

function belowRecorded({ paths }: Snapshot, given: Parts): Parts | undefined {
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0) return undefined;
  const recorded = splitPath(Buffer.from(path));
  return recorded.every((part, at) => given[at]?.equals(part)) ? given.slice(recorded.length) : undefined;
}

async function follow(source: Restorable, { parts, node, tree, rest }: Base): Promise<Given | undefined> {
  if (rest.length === 0) return { parts, inside: [], node, tree };
  if (!tree) return undefined;
  const found = await findEntry(source, tree, rest);
  return found && { parts: [...parts, ...rest], inside: rest, node: found, tree: found.subtree };
}

/** The parts of what a person gave as a path; a text in quotes, as `ls` shows what is no plain text, is read as Go's. */
export function partsOf(path: string): Parts {
  const isQuoted = path.length > 1 && path.startsWith('"') && path.endsWith('"');
  return splitPath((isQuoted ? goUnquote(path.slice(1, -1)) : undefined) ?? Buffer.from(path));
}

/** Parts without empty ones and `.`. */
export function splitPath(bytes: Buffer): Parts {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 0x2f) continue;
    const part = bytes.subarray(from, at);
    if (part.length > 0 && part.toString("latin1") !== ".") parts.push(part);
    from = at + 1;
  }
  return parts;
}
