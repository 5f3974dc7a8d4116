import { hash } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { posixPermissions } from "../repository/mode.ts";
import type { TreeNode } from "../repository/types.ts";
import { getAttribute, listAttributes } from "../system/attributes.ts";
import { restorableAttributes } from "./metadata.ts";
import type { Located } from "./restorable.ts";

const typeBits: Readonly<Record<TreeNode["type"], number>> = {
  file: 0o100000,
  dir: 0o040000,
  symlink: 0o120000,
  dev: 0o060000,
  chardev: 0o020000,
  fifo: 0o010000,
  socket: 0o140000,
  irregular: 0,
};
const typeMask = 0o170000;

/** How an entry differs from its node, but for a file's content; undefined where it does not. `path` is not followed. */
export function compareMetadata(
  node: TreeNode,
  path: Buffer,
  options: { readonly isRoot: boolean },
): string | undefined {
  const status = lstatSync(path, { bigint: true });
  if ((Number(status.mode) & typeMask) !== typeBits[node.type]) return `is no ${node.type}`;
  return (
    comparePermissions(node, status) ??
    compareOwner(node, status) ??
    // Whoever prepares or mounts a volume writes to its root.
    (options.isRoot ? undefined : compareTime(node, status)) ??
    compareKind(node, path, status) ??
    compareAttributes(node, path, options)
  );
}

function comparePermissions(node: TreeNode, status: BigIntStats): string | undefined {
  if (node.type === "symlink") return undefined;
  // Where the owner could not be restored, set-user-ID was left out on purpose.
  const isOwned = process.geteuid?.() === 0 || (Number(status.uid) === node.uid && Number(status.gid) === node.gid);
  const compared = isOwned ? 0o7777 : 0o1777;
  const [expected, found] = [posixPermissions(node.mode) & compared, Number(status.mode) & compared];
  return expected === found ? undefined : `has mode ${found.toString(8)} instead of ${expected.toString(8)}`;
}

/** Only root can restore owners, so only then are they compared. */
function compareOwner(node: TreeNode, status: BigIntStats): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const [uid, gid] = [Number(status.uid), Number(status.gid)];
  if (uid === node.uid && gid === node.gid) return undefined;
  return `belongs to ${uid}:${gid} instead of ${node.uid}:${node.gid}`;
}

/** Steps of time that file systems keep, in nanoseconds: exact, CIFS, microseconds, seconds. */
const granularities = [1n, 100n, 1_000n, 1_000_000_000n];

function compareTime(node: TreeNode, status: BigIntStats): string | undefined {
  const found = status.mtimeNs;
  const isSame = granularities.some((step) => found % step === 0n && found <= node.mtime && node.mtime - found < step);
  return isSame ? undefined : `was modified at ${found} ns instead of ${node.mtime} ns`;
}

function compareKind(node: TreeNode, path: Buffer, status: BigIntStats): string | undefined {
  if (node.type === "symlink") {
    const target = readlinkSync(path, "buffer");
    return node.linkTarget?.equals(target) ? undefined : `points to ${target} instead of ${node.linkTarget}`;
  }
  if (node.type === "dev" || node.type === "chardev") {
    return status.rdev === node.device ? undefined : `is device ${status.rdev} instead of ${node.device}`;
  }
  return undefined;
}

/** What people and programs give to a file. Others come and go with the file system and the node it is mounted on. */
const givenAttributes = /^user\.|^security\.capability$|^system\.posix_acl_(?:access|default)$/;

function compareAttributes(node: TreeNode, path: Buffer, { isRoot }: { isRoot: boolean }): string | undefined {
  const expected = restorableAttributes(node);
  const found = new Set(listAttributes(path));
  for (const { name, value } of expected) {
    if (!found.delete(name)) return `lacks the attribute ${name}`;
    if (!getAttribute(path, name)?.equals(value)) return `has another value of the attribute ${name}`;
  }
  const extra = isRoot ? undefined : [...found].find((name) => givenAttributes.test(name));
  return extra && `has the attribute ${extra}, which is not in the snapshot`;
}

/** How many bytes are compared at once at most; blobs are shorter, as a rule. */
const bufferSize = 8 * 1024 * 1024;
let shared: Buffer | undefined;

export interface ContentResult {
  /** Which file it is, to find other names of it. */
  readonly identity: string;
  readonly bytes: number;
  readonly difference: string | undefined;
  /** The repository cannot say what the content should be. */
  readonly damage?: string;
}

/** Reads a regular file and compares each part's SHA-256 with the id of the blob it came from. */
export async function compareContent(
  located: Located,
  path: Buffer,
  breathe: () => Promise<void>,
): Promise<ContentResult> {
  if ("damage" in located) return { identity: "", bytes: 0, difference: undefined, damage: located.damage };
  const { parts, size } = located;
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = fstatSync(descriptor, { bigint: true });
    const identity = `${status.dev}:${status.ino}`;
    if (Number(status.size) !== size) {
      return { identity, bytes: 0, difference: `has ${status.size} bytes instead of ${size}` };
    }
    let offset = 0;
    for (const { id, plainLength } of parts) {
      await breathe();
      if (hashOf(descriptor, offset, plainLength) !== id) {
        return {
          identity,
          bytes: offset,
          difference: `differs in content between bytes ${offset} and ${offset + plainLength}`,
        };
      }
      offset += plainLength;
    }
    return { identity, bytes: size, difference: undefined };
  } finally {
    closeSync(descriptor);
  }
}

/** SHA-256 in hex of `length` bytes; of what there is where the file ends before. */
export function hashOf(descriptor: number, offset: number, length: number): string {
  shared ??= Buffer.allocUnsafe(bufferSize);
  const buffer = length <= shared.length ? shared : Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, buffer, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return hash("sha256", buffer.subarray(0, filled), "hex");
}
