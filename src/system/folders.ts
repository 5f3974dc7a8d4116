import { closeSync, constants, openSync } from "node:fs";

/** A folder below the one that is worked in, the root, which has no parent. */
export interface Folder {
  readonly name: Buffer;
  readonly parent: Folder | undefined;
}

/** `/a/b` for people; bytes that are not UTF-8 show as «�». */
export function displayPath(folder: Folder, name?: Buffer): string {
  const parts: string[] = name ? [name.toString()] : [];
  for (let at = folder; at.parent; at = at.parent) parts.push(at.name.toString());
  return `/${parts.reverse().join("/")}`;
}

/**
 * Opened folders, by which paths are made that no one else can bend: each folder is opened from its parent, without
 * following symbolic links, and its entries are named relative to it through `/proc/self/fd`. Whatever is planted in the
 * root meanwhile, nothing outside of it is touched; and no path is too long.
 */
export interface Folders {
  /** A path of the entry; good until the next call but one. */
  entry(folder: Folder, name: Buffer): Buffer;
  /** A descriptor of the folder; good until the next call but one. */
  descriptor(folder: Folder): number;
  close(): void;
}

const kept = 256;
/** Where a long path was opened anew, this many of its last folders are kept: whoever climbs up a deep tree needs them next. */
const keptOfPath = kept / 2;
const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function openFolders(path: string): Folders {
  const root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  // In the order of their last use: the first is closed first.
  const cache = new Map<Folder, number>();

  const cached = (folder: Folder): number | undefined => {
    if (!folder.parent) return root;
    const descriptor = cache.get(folder);
    if (descriptor === undefined) return undefined;
    cache.delete(folder);
    cache.set(folder, descriptor);
    return descriptor;
  };

  const keep = (folder: Folder, descriptor: number): void => {
    cache.set(folder, descriptor);
    const [oldest] = cache;
    if (cache.size <= kept || !oldest) return;
    cache.delete(oldest[0]);
    closeSync(oldest[1]);
  };

  const open = (folder: Folder): number => {
    const path: Folder[] = [];
    let at = folder;
    let descriptor = cached(at);
    while (descriptor === undefined && at.parent) {
      path.push(at);
      at = at.parent;
      descriptor = cached(at);
    }
    let from = descriptor ?? root;
    let isKept = true;
    for (const [position, step] of path.reverse().entries()) {
      let next: number;
      try {
        next = openSync(entryOf(from, step.name), flags);
      } finally {
        if (!isKept) closeSync(from);
      }
      isKept = path.length - position <= keptOfPath;
      if (isKept) keep(step, next);
      from = next;
    }
    return from;
  };

  const descriptor = (folder: Folder): number => cached(folder) ?? open(folder);

  return {
    descriptor,
    entry: (folder, name) => entryOf(descriptor(folder), name),
    close() {
      for (const each of cache.values()) closeSync(each);
      cache.clear();
      closeSync(root);
    },
  };
}

const entryOf = (descriptor: number, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${descriptor}/`), name]);
