import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { goMode } from "../repository/mode.ts";
import { TooManyEntries } from "../repository/tree-format.ts";
import type { NodeType, TreeNode } from "../repository/types.ts";
import { readAttributes } from "../system/attributes.ts";
import type { OwnerNames } from "./owner-names.ts";

/** The file system that is backed up. Paths and names are bytes; calls are synchronous, because one entry takes microseconds. */

export interface SourceEntry {
  readonly name: Buffer;
  readonly path: Buffer;
  readonly stat: BigIntStats;
}

/**
 * The names in a folder, sorted by their bytes. Some network and union file systems list a name twice, and any may do so where it is removed
 * and made again meanwhile; a tree with two entries of one name can be read by nobody.
 */
export const listNames = (folder: Buffer): Buffer[] =>
  readdirSync(folder, { encoding: "buffer" })
    .sort(Buffer.compare)
    .filter((name, at, names) => at === 0 || !name.equals(names[at - 1] as Buffer));

export const statOf = (path: Buffer): BigIntStats => lstatSync(path, { bigint: true });

export const typeOf = (stat: BigIntStats): NodeType => {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "dir";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isBlockDevice()) return "dev";
  if (stat.isCharacterDevice()) return "chardev";
  if (stat.isFIFO()) return "fifo";
  if (stat.isSocket()) return "socket";
  return "irregular";
};

/** Gives each file system a small number: the system's own one changes from mount to mount, and with it every tree would. */
export function deviceNumbers(): (device: bigint) => bigint {
  const known = new Map<bigint, bigint>();
  return (device) => {
    const number = known.get(device) ?? BigInt(known.size + 1);
    known.set(device, number);
    return number;
  };
}

/** What is known of a source as a whole. */
export interface SourceFacts {
  readonly deviceNumber: (device: bigint) => bigint;
  readonly ownerNames: OwnerNames;
}

/**
 * The node of an entry, but for its content or subtree and its extended attributes. Like restic, the access time is not recorded (it would change every
 * tree), and the device only where it is needed to tell hard links.
 */
export function nodeOf({ name, path, stat }: SourceEntry, { deviceNumber, ownerNames }: SourceFacts): TreeNode {
  const type = typeOf(stat);
  const [uid, gid] = [Number(stat.uid), Number(stat.gid)];
  const [user, group] = [ownerNames.user(uid), ownerNames.group(gid)];
  const links = type === "dir" || type === "fifo" || type === "socket" ? 0 : Number(stat.nlink);
  return {
    name,
    type,
    mode: goMode(Number(stat.mode)),
    mtime: stat.mtimeNs,
    atime: stat.mtimeNs,
    ctime: stat.ctimeNs,
    uid,
    gid,
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    inode: stat.ino,
    deviceId: links > 1 ? deviceNumber(stat.dev) : 0n,
    size: type === "file" ? Number(stat.size) : 0,
    links,
    ...(type === "symlink" && { linkTarget: readlinkSync(path, { encoding: "buffer" }) }),
    device: type === "dev" || type === "chardev" ? stat.rdev : 0n,
  };
}

/**
 * The node with the entry's extended attributes; with an `error` where one of them could not be read. An attribute that is
 * changed changes the time of the entry's status, too.
 */
export function withAttributes(node: TreeNode, path: Buffer): TreeNode {
  const { attributes, problem } = readAttributes(path);
  if (attributes.length === 0 && problem === undefined) return node;
  return {
    ...node,
    ...(attributes.length > 0 && { extendedAttributes: attributes }),
    ...(problem !== undefined && { error: problem }),
  };
}

/** The same file, and nothing was written to it in between. */
export const isSameState = (a: BigIntStats, b: BigIntStats): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;

/** An error of the operating system about the source, unlike one of a store or of ours. */
export const isFileSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "errno" in error;

/** The same, or that a folder of the source is too long to be stored: whoever reads it goes on without that folder, and names it. */
export const isOfSource = (error: unknown): boolean => isFileSystemError(error) || error instanceof TooManyEntries;
