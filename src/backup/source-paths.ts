import { type Folder, openFolders } from "../system/folders.ts";

/** A folder of the source, and its path as long as a system call takes it. */
export interface SourceFolder {
  readonly folder: Folder;
  readonly path: Buffer | undefined;
}

/** Paths of the source, by which a tree of any depth can be read. */
export interface SourcePaths {
  readonly root: SourceFolder;
  /** A path of the entry; good until the next call but one. */
  entry(folder: SourceFolder, name: Buffer): Buffer;
  /** A path of the folder itself; good until the next call but one. */
  own(folder: SourceFolder): Buffer;
  below(folder: SourceFolder, name: Buffer): SourceFolder;
  close(): void;
}

/** PATH_MAX of linux/limits.h, without the NUL at the end. */
const longestPath = 4095;
const slash = Buffer.from("/");

/**
 * Plain paths as long as they are not too long, because each call with one is two microseconds faster than by a folder's
 * descriptor; by descriptors below that.
 */
export function sourcePaths(source: string): SourcePaths {
  const folders = openFolders(source);
  const plain = (path: Buffer | undefined, name: Buffer): Buffer | undefined =>
    path && path.length + 1 + name.length <= longestPath ? Buffer.concat([path, slash, name]) : undefined;
  return {
    root: { folder: { name: Buffer.alloc(0), parent: undefined }, path: Buffer.from(source) },
    entry: ({ folder, path }, name) => plain(path, name) ?? folders.entry(folder, name),
    own: ({ folder, path }) => path ?? folders.entry(folder, Buffer.from(".")),
    below: ({ folder, path }, name) => ({ folder: { name, parent: folder }, path: plain(path, name) }),
    close: folders.close,
  };
}
