import { constants } from "node:buffer";
import type { ExtendedAttribute } from "../system/attributes.ts";
import { isId } from "./crypto.ts";
import { damaged, isOfOnePart, RepositoryError, reasonOf } from "./errors.ts";
import { goJson, goString } from "./go-json.ts";
import { goQuote, goUnquote } from "./go-quote.ts";
import { formatTime, parseTime } from "./time.ts";
import type { Id, NodeType, TreeNode } from "./types.ts";

/** The JSON of a tree blob: the entries of one folder, sorted by the bytes of their names. Its bytes decide its id. */

/** A folder has more entries than a string can hold, some 1.6 million. */
export class TooManyEntries extends Error {}

/** Throws `TooManyEntries`, and where two entries have one name: nobody could read that. */
export function encodeTree(nodes: readonly TreeNode[]): Buffer {
  const sorted = [...nodes].sort((a, b) => Buffer.compare(a.name, b.name));
  const twice = sorted.find((node, at) => sorted[at + 1]?.name.equals(node.name));
  if (twice) throw new TypeError(`There are two entries named ${goQuote(twice.name)} in one folder.`);
  try {
    return Buffer.from(`{"nodes":[${sorted.map(encodeNode).join(",")}]}\n`);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new TooManyEntries(`it has ${nodes.length} entries, too many to be stored as one list`, { cause });
  }
}

/** Fields in restic's order; the ones at their zero value are left out where restic leaves them out. */
function encodeNode(node: TreeNode): string {
  let json = `{"name":${goString(goQuote(node.name))},"type":"${node.type}"`;
  if (node.mode !== 0) json += `,"mode":${node.mode}`;
  const mtime = formatTime(node.mtime);
  const atime = node.atime === node.mtime ? mtime : formatTime(node.atime);
  json += `,"mtime":"${mtime}","atime":"${atime}","ctime":"${formatTime(node.ctime)}"`;
  json += `,"uid":${node.uid},"gid":${node.gid}`;
  if (node.user) json += `,"user":${goString(node.user)}`;
  if (node.group) json += `,"group":${goString(node.group)}`;
  if (node.inode !== 0n) json += `,"inode":${node.inode}`;
  if (node.deviceId !== 0n) json += `,"device_id":${node.deviceId}`;
  if (node.size !== 0) json += `,"size":${node.size}`;
  if (node.links !== 0) json += `,"links":${node.links}`;
  if (node.linkTarget) json += encodeLinkTarget(node.linkTarget);
  if (node.extendedAttributes?.length)
    json += `,"extended_attributes":[${node.extendedAttributes.map(encodeAttribute).join(",")}]`;
  for (const [key, value] of Object.entries(node.unknown ?? {})) json += `,${goString(key)}:${goJson(value)}`;
  if (node.device !== 0n) json += `,"device":${node.device}`;
  json += `,"content":${node.content ? JSON.stringify(node.content) : "null"}`;
  if (node.subtree) json += `,"subtree":"${node.subtree}"`;
  if (node.error) json += `,"error":${goString(node.error)}`;
  return `${json}}`;
}

function encodeLinkTarget(target: Buffer): string {
  const text = target.toString();
  const isText = Buffer.from(text).equals(target);
  const raw = isText ? "" : `,"linktarget_raw":"${target.toString("base64")}"`;
  return `,"linktarget":${goString(text)}${raw}`;
}

const encodeAttribute = ({ name, value }: ExtendedAttribute): string =>
  `{"name":${goString(name)},"value":"${value.toString("base64")}"}`;

/**
 * Entries sorted by name. Throws `RepositoryDamaged` where the JSON is no tree, or a name could lead out of its folder, and `FormatUnknown` where
 * restic stored more entries than a string can hold.
 */
export function decodeTree(bytes: Buffer, where: string): TreeNode[] {
  const document = parse(bytes, where);
  if (!isObject(document) || !(Array.isArray(document.nodes) || document.nodes === null))
    throw damaged(`${where} is not a tree.`);
  const nodes = (document.nodes ?? []).map((node: unknown) => decodeNode(node, where)) as TreeNode[];
  if (nodes.every((node, at) => at === 0 || Buffer.compare((nodes[at - 1] as TreeNode).name, node.name) < 0))
    return nodes;
  nodes.sort((a, b) => Buffer.compare(a.name, b.name));
  const twice = nodes.find((node, at) => nodes[at + 1]?.name.equals(node.name));
  if (twice) throw damaged(`${where} has two entries named ${goQuote(twice.name)}.`);
  return nodes;
}

/** Of reading a tree: this folder cannot be read, and the others may well be. */
export const isOfOneFolder = (error: unknown): boolean => isOfOnePart(error) || reasonOf(error) === "FormatUnknown";

/** Numbers that JavaScript would round are kept as strings. The quotes of a text are escaped, so that it never looks like a field. */
const longNumber = /("(?:inode|device_id|device|size|links)":)(\d{16,})/g;
const anyLongNumber = /":\d{16}/;

function parse(bytes: Buffer, where: string): unknown {
  try {
    const text = bytes.toString();
    return JSON.parse(anyLongNumber.test(text) ? text.replace(longNumber, '$1"$2"') : text);
  } catch (cause) {
    if (bytes.length > constants.MAX_STRING_LENGTH) {
      const message = `${where} has ${bytes.length} bytes, too many entries for this program: use restic.`;
      throw new RepositoryError("FormatUnknown", message, { cause });
    }
    throw damaged(`${where} is not JSON.`, cause);
  }
}

const nodeTypes: ReadonlySet<unknown> = new Set<NodeType>([
  "file",
  "dir",
  "symlink",
  "dev",
  "chardev",
  "fifo",
  "socket",
  "irregular",
]);

const knownFields: ReadonlySet<string> = new Set([
  "name",
  "type",
  "mode",
  "mtime",
  "atime",
  "ctime",
  "uid",
  "gid",
  "user",
  "group",
  "inode",
  "device_id",
  "size",
  "links",
  "linktarget",
  "linktarget_raw",
  "extended_attributes",
  "device",
  "content",
  "subtree",
  "error",
]);

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Runs for every entry of every tree that is read: fields that are rare are looked for, and not copied around. */
function decodeNode(json: unknown, tree: string): TreeNode {
  if (!isObject(json)) throw damaged(`${tree} has an entry that is none.`);
  const name = typeof json.name === "string" ? goUnquote(json.name) : undefined;
  if (!name || !isSafeName(name))
    throw damaged(`${tree} has an entry with the impossible name ${JSON.stringify(json.name)}.`);
  const at: Place = { tree, name: json.name as string };
  const { type } = json;
  if (!nodeTypes.has(type)) throw wrong(at, "type");
  const mtime = timeOf(at, "mtime", json.mtime);
  const node: Mutable<TreeNode> = {
    name,
    type: type as NodeType,
    mode: countOf(at, "mode", json.mode, 0xffff_ffff),
    mtime,
    atime: json.atime === json.mtime ? mtime : timeOf(at, "atime", json.atime),
    ctime: timeOf(at, "ctime", json.ctime),
    uid: countOf(at, "uid", json.uid, 0xffff_ffff),
    gid: countOf(at, "gid", json.gid, 0xffff_ffff),
    inode: longOf(at, "inode", json.inode),
    deviceId: longOf(at, "device_id", json.device_id),
    size: countOf(at, "size", json.size, Number.MAX_SAFE_INTEGER),
    links: countOf(at, "links", json.links, Number.MAX_SAFE_INTEGER),
    device: longOf(at, "device", json.device),
  };
  if (typeof json.user === "string") node.user = json.user;
  if (typeof json.group === "string") node.group = json.group;
  if (type === "symlink") node.linkTarget = linkTargetOf(at, json.linktarget, json.linktarget_raw);
  if (json.extended_attributes != null) node.extendedAttributes = attributesOf(at, json.extended_attributes);
  if (type === "file") node.content = idsOf(at, json.content);
  if (type === "dir") node.subtree = idOf(at, json.subtree);
  if (typeof json.error === "string") node.error = json.error;
  const unknown = unknownOf(json);
  if (unknown) node.unknown = unknown;
  return node;
}

function unknownOf(json: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  let unknown: Record<string, unknown> | undefined;
  for (const key in json) {
    if (knownFields.has(key)) continue;
    unknown ??= {};
    Object.defineProperty(unknown, key, { value: json[key], enumerable: true, configurable: true, writable: true });
  }
  return unknown;
}

/** What no file system has as a name: it would lead to another folder. */
function isSafeName(name: Buffer): boolean {
  for (let at = 0; at < name.length; at++) {
    if (name[at] === 0 || name[at] === slash) return false;
  }
  const isDots = name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot));
  return name.length > 0 && !isDots;
}

const [dot, slash] = [0x2e, 0x2f];

/** The names of all attributes of a file, each with a NUL, have to fit into this (XATTR_LIST_MAX of linux/limits.h). */
const longestAttributeList = 65_536;

/** For errors: whose field is looked at. */
interface Place {
  readonly tree: string;
  readonly name: string;
}

const wrong = ({ tree, name }: Place, field: string) => damaged(`${tree}: ${name} has a damaged ${field}.`);

function countOf(at: Place, field: string, value: unknown, maximum: number): number {
  if (value === undefined) return 0;
  const number = typeof value === "string" ? Number(value) : value;
  if (!Number.isInteger(number) || (number as number) < 0 || (number as number) > maximum) throw wrong(at, field);
  return number as number;
}

function longOf(at: Place, field: string, value: unknown): bigint {
  if (value === undefined) return 0n;
  const isNumber =
    (Number.isSafeInteger(value) && (value as number) >= 0) || (typeof value === "string" && /^\d{16,20}$/.test(value));
  const number = isNumber ? BigInt(value as number | string) : -1n;
  if (number < 0n || number > 0xffff_ffff_ffff_ffffn) throw wrong(at, field);
  return number;
}

function timeOf(at: Place, field: string, value: unknown): bigint {
  if (value === undefined) return 0n;
  const nanoseconds = typeof value === "string" ? parseTime(value) : undefined;
  if (nanoseconds === undefined) throw wrong(at, field);
  return nanoseconds;
}

function idOf(at: Place, value: unknown): Id {
  if (!isId(value)) throw wrong(at, "subtree");
  return value;
}

function idsOf(at: Place, value: unknown): Id[] {
  if (value == null) return [];
  if (!Array.isArray(value) || !value.every(isId)) throw wrong(at, "content");
  return value;
}

function linkTargetOf(at: Place, text: unknown, raw: unknown): Buffer {
  if (typeof raw === "string" && raw !== "") return Buffer.from(raw, "base64");
  if (typeof text !== "string") throw wrong(at, "link target");
  return Buffer.from(text);
}

function attributesOf(at: Place, value: unknown): ExtendedAttribute[] {
  if (!Array.isArray(value) || value.length > longestAttributeList) throw wrong(at, "list of extended attributes");
  const list = value.map((attribute: unknown) => {
    if (!isObject(attribute) || typeof attribute.name !== "string") throw wrong(at, "extended attribute");
    const bytes = attribute.value ?? "";
    if (typeof bytes !== "string") throw wrong(at, "extended attribute");
    return { name: attribute.name, value: Buffer.from(bytes, "base64") };
  });
  const names = new Set(list.map(({ name }) => name));
  const length = list.reduce((sum, { name }) => sum + Buffer.byteLength(name) + 1, 0);
  if (names.size < list.length || length > longestAttributeList) throw wrong(at, "list of extended attributes");
  return list;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
