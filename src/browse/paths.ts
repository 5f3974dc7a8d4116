import { goQuote, goUnquote } from "../repository/go-quote.ts";
import type { Folder } from "../system/folders.ts";

/** The parts of a path, as the file system's bytes. */
export type Parts = readonly Buffer[];

/** `/a/b` as bytes; `/` for the root itself. */
export function pathOf(folder: Folder, name?: Buffer): Buffer {
  const parts: Buffer[] = name ? [name] : [];
  for (let at = folder; at.parent; at = at.parent) parts.push(at.name);
  return pathOfParts(parts.reverse());
}

export const pathOfParts = (parts: Parts): Buffer =>
  parts.length === 0 ? Buffer.from("/") : Buffer.concat(parts.flatMap((part) => [Buffer.from("/"), part]));

/**
 * A path for people: as it is, or, where it holds anything that is not printable (a terminal would act on it) or no text,
 * as Go quotes strings, which newer versions of restic do, too. Such a text is taken back by `partsOf`.
 */
export function shownPath(path: Buffer): string {
  const quoted = goQuote(path);
  const isPlain = Buffer.from(quoted.replace(/\\(["\\])/g, "$1")).equals(path);
  return isPlain ? path.toString() : `"${quoted}"`;
}

/** What a person gave as a path: parts without empty ones and `.`; a text in quotes is read as Go's. */
export function partsOf(path: string): Parts {
  const isQuoted = path.length > 1 && path.startsWith('"') && path.endsWith('"');
  const bytes = (isQuoted ? goUnquote(path.slice(1, -1)) : undefined) ?? Buffer.from(path);
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

/** The folder at a path. */
export const folderOf = (parts: Parts): Folder =>
  parts.reduce<Folder>((parent, name) => ({ name, parent }), { name: Buffer.alloc(0), parent: undefined });
