import { goQuote } from "../repository/go-quote.ts";
import type { Folder } from "../system/folders.ts";
import type { Parts } from "./find-given.ts";

/** `/a/b` as bytes; `/` for the root itself. */
export function pathOf(folder: Folder, name?: Buffer): Buffer {
  const parts: Buffer[] = name ? [name] : [];
  for (let at = folder; at.parent; at = at.parent) parts.push(at.name);
  return pathOfParts(parts.reverse());
}

export const pathOfParts = (parts: Parts): Buffer =>
  parts.length === 0 ? Buffer.from("/") : Buffer.concat(parts.flatMap((part) => [Buffer.from("/"), part]));

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/**
 * A path for people: as it is, or, where it holds anything that is not printable (a terminal would act on it, and a line of its own could
 * pass for one of ours) or no text, as Go quotes strings, which newer versions of restic do, too. Such a text is taken back by `partsOf`.
 */
export function shownPath(path: Buffer): string {
  const text = path.toString();
  return printable.test(text) && Buffer.from(text).equals(path) ? text : `"${goQuote(path)}"`;
}

/** A path below the target for people, and to tell paths apart by. */
export const displayPath = (folder: Folder, name?: Buffer): string => shownPath(pathOf(folder, name));
