import { closeSync, constants, openSync } from "node:fs";

/** A folder below the target; the target itself has no parent. */
export interface Folder {
  readonly name: Buffer;
  readonly parent: Folder | undefined;
}

/** `/a/b` for people; bytes that are not UTF-8 show as «�». */
export function displayPath(folder: Folder, name?: Buffer): string {
  const parts: string[] = name ? [name.toString()] : [];
  for (let at = folder; at.parent; at = at.parent) parts.unshift(at.name.toString());
  return `/${parts.join("/")}`;
}

/**
 * Opened folders, by which paths are made that no one else can bend: each folder is opened from its parent, without
 * following symbolic links, and its entries are named relative to it through `/proc/self/fd`. Whatever is planted in the
 * target meanwhile, nothing outside of it is touched; and no path is too long.
 */
export interface Folders {
  /** A path of the entry; good until the next call but one. */
  entry(folder: Folder, name: Buffer): Buffer;
  /** A descriptor of the folder; good until the next call but one. */
  descriptor(folder: Folder): number;
  close(): void;
}

const kept = 256;
const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function openFolders(target: string): Folders {
  const root = openSync(target, constants.O_RDONLY | constants.O_DIRECTORY);
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

  const open = (folder: Folder): number => {
    const path: Folder[] = [];
    let at = folder;
    let descriptor = cached(at);
    while (descriptor === undefined && at.parent) {
      path.unshift(at);
      at = at.parent;
      descriptor = cached(at);
    }
    let from = descriptor ?? root;
    for (const step of path) {
      const next = openSync(entryOf(from, step.name), flags);
      if (from !== descriptor) closeSync(from);
      from = next;
    }
    return from;
  };

  const descriptor = (folder: Folder): number => {
    const known = cached(folder);
    if (known !== undefined) return known;
    const opened = open(folder);
    cache.set(folder, opened);
    const [oldest] = cache;
    if (cache.size > kept && oldest) {
      cache.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return opened;
  };

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
