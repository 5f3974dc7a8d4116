import { damaged } from "../repository/errors.ts";
import { posixPermissions } from "../repository/mode.ts";
import type { TreeNode } from "../repository/types.ts";
import { accessAcl, aclText, defaultAcl } from "./acl-text.ts";
import { shownPath } from "./paths.ts";

/**
 * Headers of a tar archive in the pax format (POSIX.1-2001, `pax`): a block of 512 bytes, and before it records for everything
 * that does not fit: bytes of any encoding, numbers of any size, times to the nanosecond, and what star and GNU tar
 * added (`SCHILY.*`). Written here because libraries take names and attributes as texts, and most names are; not all.
 */

const blockBytes = 512;
const types: Partial<Readonly<Record<TreeNode["type"], string>>> = {
  file: "0",
  symlink: "2",
  chardev: "3",
  dev: "4",
  dir: "5",
  fifo: "6",
};
const hardLink = "1";
const paxRecords = "x";

/** Sockets have no place in an archive. */
export const fitsTar = (node: TreeNode): boolean => node.type in types;

export interface Entry {
  readonly node: TreeNode;
  /** In the archive; that of a folder ends with `/`. */
  readonly path: Buffer;
  /** The earlier entry that this one is another name of. */
  readonly sameAs?: Buffer | undefined;
}

/** Throws `RepositoryDamaged` where the entry holds what no file system can. */
export function tarHeader({ node, path, sameAs }: Entry): Buffer {
  const size = node.type === "file" && !sameAs ? node.size : 0;
  const link = sameAs ?? node.linkTarget ?? Buffer.alloc(0);
  if (link.includes(0)) throw damaged(`${shownPath(path)} is a link to what cannot be a path.`);
  const seconds = floorDivide(node.mtime, 1_000_000_000n);
  const isPlainTime = node.mtime % 1_000_000_000n === 0n && fits(seconds, 11);
  const records = [
    ...textRecord("path", path),
    ...textRecord("linkpath", link),
    ...(fits(BigInt(size), 11) ? [] : [record("size", String(size))]),
    ...(fits(BigInt(node.uid), 7) ? [] : [record("uid", String(node.uid))]),
    ...(fits(BigInt(node.gid), 7) ? [] : [record("gid", String(node.gid))]),
    ...(isPlainTime ? [] : [record("mtime", decimalSeconds(node.mtime))]),
    record("atime", decimalSeconds(node.atime)),
    ...(sameAs ? [] : attributeRecords(node, path)),
  ];
  const device = node.type === "dev" || node.type === "chardev" ? node.device : 0n;
  const header = block({
    name: path,
    mode: posixPermissions(node.mode),
    uid: BigInt(node.uid),
    gid: BigInt(node.gid),
    size: BigInt(size),
    seconds,
    type: sameAs ? hardLink : (types[node.type] ?? "0"),
    link,
    major: ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n),
    minor: (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n),
  });
  return Buffer.concat([extension(Buffer.concat(records)), header]);
}

/** Bytes that fill up the last block of a content. */
export const padding = (size: number): Buffer => Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);

/** Two empty blocks end an archive: one that lacks them was cut off. */
export const endOfArchive = (): Buffer => Buffer.alloc(2 * blockBytes);

/** A block that no reader takes for a header, for its checksum, nor for the end. */
export const noHeader = (): Buffer => Buffer.alloc(blockBytes, "X");

/** The block and the records that go before a header. */
function extension(records: Buffer): Buffer {
  const header = block({
    name: Buffer.from("./PaxHeaders"),
    mode: 0o644,
    uid: 0n,
    gid: 0n,
    size: BigInt(records.length),
    seconds: 0n,
    type: paxRecords,
    link: Buffer.alloc(0),
    major: 0n,
    minor: 0n,
  });
  return Buffer.concat([header, records, padding(records.length)]);
}

const nameBytes = 100;
const isPlain = (text: Buffer): boolean =>
  text.length <= nameBytes && text.every((byte) => byte >= 0x20 && byte < 0x7f);

/**
 * A record where the header has no room for the text, or no way to say what it is. Bytes that are not UTF-8 go into it as they
 * are, as GNU tar does it, and without the `hdrcharset` that POSIX knows for them, about which GNU tar complains.
 */
const textRecord = (key: string, text: Buffer): Buffer[] => (isPlain(text) ? [] : [record(key, text)]);

function attributeRecords(node: TreeNode, path: Buffer): Buffer[] {
  return (node.extendedAttributes ?? []).map(({ name, value }) => {
    if (name.includes("\0")) throw damaged(`${shownPath(path)} has an attribute with an impossible name.`);
    const acl = name === accessAcl || name === defaultAcl ? aclText(value) : undefined;
    if (acl !== undefined) return record(name === accessAcl ? "SCHILY.acl.access" : "SCHILY.acl.default", acl);
    // As GNU tar does, because a record's key ends at its first «=».
    return record(`SCHILY.xattr.${name.replaceAll("%", "%25").replaceAll("=", "%3D")}`, value);
  });
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits, too. */
function record(key: string, value: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

/** `-1.5`: the sign is that of the whole number, fraction included. */
function decimalSeconds(nanoseconds: bigint): string {
  const [sign, positive] = nanoseconds < 0n ? ["-", -nanoseconds] : ["", nanoseconds];
  const fraction = (positive % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  return `${sign}${positive / 1_000_000_000n}${fraction ? `.${fraction}` : ""}`;
}

const floorDivide = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by;

const fits = (value: bigint, digits: number): boolean => value >= 0n && value < 8n ** BigInt(digits);

interface Block {
  readonly name: Buffer;
  readonly mode: number;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly size: bigint;
  readonly seconds: bigint;
  readonly type: string;
  readonly link: Buffer;
  readonly major: bigint;
  readonly minor: bigint;
}

/** What does not fit is zero or cut off here, and whole in the records. */
function block(fields: Block): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  fields.name.copy(bytes, 0, 0, nameBytes);
  octal(bytes, 100, 7, BigInt(fields.mode));
  octal(bytes, 108, 7, fields.uid);
  octal(bytes, 116, 7, fields.gid);
  octal(bytes, 124, 11, fields.size);
  octal(bytes, 136, 11, fields.seconds);
  bytes.write(fields.type, 156);
  fields.link.copy(bytes, 157, 0, nameBytes);
  bytes.write("ustar\x0000", 257, "latin1");
  // Linux has 12 bits of major and 20 of minor numbers; both fit.
  octal(bytes, 329, 7, fields.major);
  octal(bytes, 337, 7, fields.minor);
  bytes.write("        ", 148);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

function octal(bytes: Buffer, at: number, digits: number, value: bigint): void {
  bytes.write((fits(value, digits) ? value : 0n).toString(8).padStart(digits, "0"), at);
}
