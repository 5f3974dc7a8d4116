import { closeSync, constants, openSync } from "node:fs";

/** A folder below the one that is worked in, the root, which has no parent. */
export interface Folder {
  readonly name: Buffer;
  readonly parent: Folder | undefined;
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
  /** As `entry`, but good until `release` is called: for what another thread does with it. */
  hold(folder: Folder, name: Buffer): HeldPath;
  close(): void;
}

export interface HeldPath {
  readonly path: Buffer;
  release(): void;
}

const kept = 256;
/** Where a long path was opened anew, this many of its last folders are kept: whoever climbs up a deep tree needs them next. */
const keptOfPath = kept / 2;
const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function openFolders(path: string): Folders {
  const root = opened(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  // In the order of their last use: the first is closed first.
  const cache = new Map<Folder, Opened>();
  /** How many paths are held in each: these stay open. */
  const held = new Map<Folder, number>();
  // Most calls are for the folder of the call before, which is the last in that order already.
  let latest: { readonly folder: Folder; readonly opened: Opened } | undefined;

  const cached = (folder: Folder): Opened | undefined => {
    if (!folder.parent) return root;
    if (latest?.folder === folder) return latest.opened;
    const found = cache.get(folder);
    if (found === undefined) return undefined;
    cache.delete(folder);
    cache.set(folder, found);
    latest = { folder, opened: found };
    return found;
  };

  const keep = (folder: Folder, found: Opened): void => {
    cache.set(folder, found);
    latest = { folder, opened: found };
    for (const [oldest, { descriptor }] of cache) {
      if (cache.size <= kept) return;
      if (held.has(oldest)) continue;
      cache.delete(oldest);
      closeSync(descriptor);
    }
  };

  const open = (folder: Folder): Opened => {
    const path: Folder[] = [];
    let at = folder;
    let found = cached(at);
    while (found === undefined && at.parent) {
      path.push(at);
      at = at.parent;
      found = cached(at);
    }
    let from = found ?? root;
    let isKept = true;
    for (const [position, step] of path.reverse().entries()) {
      let next: Opened;
      try {
        next = opened(openSync(entryOf(from, step.name), flags));
      } finally {
        if (!isKept) closeSync(from.descriptor);
      }
      isKept = path.length - position <= keptOfPath;
      if (isKept) keep(step, next);
      from = next;
    }
    return from;
  };

  return {
    descriptor: (folder) => (cached(folder) ?? open(folder)).descriptor,
    entry: (folder, name) => entryOf(cached(folder) ?? open(folder), name),
    hold(folder, name) {
      const path = entryOf(cached(folder) ?? open(folder), name);
      held.set(folder, (held.get(folder) ?? 0) + 1);
      return {
        path,
        release() {
          const left = (held.get(folder) ?? 1) - 1;
          if (left === 0) held.delete(folder);
          else held.set(folder, left);
        },
      };
    },
    close() {
      for (const { descriptor } of cache.values()) closeSync(descriptor);
      cache.clear();
      latest = undefined;
      closeSync(root.descriptor);
    },
  };
}

interface Opened {
  readonly descriptor: number;
  /** What the paths of its entries begin with. */
  readonly prefix: Buffer;
}

const opened = (descriptor: number): Opened => ({ descriptor, prefix: Buffer.from(`/proc/self/fd/${descriptor}/`) });

const entryOf = ({ prefix }: Opened, name: Buffer): Buffer => Buffer.concat([prefix, name]);
