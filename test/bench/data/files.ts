import { closeSync, copyFileSync, lstatSync, mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { keystream } from "./keystream.ts";

/** Paths of all regular files below a folder, sorted; what cannot be read is passed over. */
export function* filesBelow(folder: string, skip: (path: string) => boolean = () => false): Generator<string> {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (skip(path)) continue;
    if (entry.isDirectory()) yield* filesBelow(path, skip);
    else if (entry.isFile()) yield path;
  }
}

const list = (folder: string) =>
  readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));

export interface Bounds {
  readonly files: number;
  readonly bytes: number;
}

/** Copies files, in their order, below `target` until the next one would be past the bounds. */
export function copyWithin(
  files: Iterable<string>,
  from: string,
  target: string,
  { files: most, bytes }: Bounds,
): Bounds {
  const copied = { files: 0, bytes: 0 };
  const made = new Set<string>();
  for (const file of files) {
    const { size } = lstatSync(file);
    if (copied.files + 1 > most || copied.bytes + size > bytes) break;
    const path = join(target, relative(from, file));
    if (!made.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
    made.add(dirname(path));
    copyFileSync(file, path);
    copied.files++;
    copied.bytes += size;
  }
  return copied;
}

const extent = 64 * 1024;

/** Overwrites about one hundredth of a file's extents of 64 KiB, at least one, at places that the seed chooses. */
export function overwriteHundredth(path: string, seed: string): void {
  const { size } = lstatSync(path);
  if (size === 0) return;
  const stream = keystream(seed);
  const file = openSync(path, "r+");
  for (let left = Math.max(1, Math.round(size / extent / 100)); left > 0; left--) {
    const position = stream.below(Math.max(1, Math.ceil(size / extent))) * extent;
    const length = Math.min(extent, size - position);
    writeSync(file, stream.take(length), 0, length, position);
  }
  closeSync(file);
}

/** The file in the middle of all, by path; none where there are fewer than two. */
export function middleFile(folder: string): string | undefined {
  const files = [...filesBelow(folder)];
  const middle = files[Math.floor(files.length / 2)];
  return files.length > 1 && middle ? relative(folder, middle) : undefined;
}
