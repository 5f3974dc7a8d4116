import { isId } from "./crypto.ts";
import { damaged } from "./errors.ts";
import { goJson, goString } from "./go-json.ts";
import { goQuote, goUnquote } from "./go-quote.ts";
import { formatTime, parseTime } from "./time.ts";
import type { ExtendedAttribute, Id, NodeType, TreeNode } from "./types.ts";

/** The JSON of a tree blob: the entries of one folder, sorted by the bytes of their names. Its bytes decide its id. */

export function encodeTree(nodes: readonly TreeNode[]): Buffer {
  const sorted = [...nodes].sort((a, b) => Buffer.compare(a.name, b.name));
  return Buffer.from(`{"nodes":[${sorted.map(encodeNode).join(",")}]}\n`);
}

/** Fields in restic's order; the ones at their zero value are left out where restic leaves them out. */
function encodeNode(node: TreeNode): string {
  let json = `{"name":${goString(goQuote(node.name))},"type":"${node.type}"`;
  if (node.mode !== 0) json += `,"mode":${node.mode}`;
  json += `,"mtime":"${formatTime(node.mtime)}","atime":"${formatTime(node.atime)}","ctime":"${formatTime(node.ctime)}"`;
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

/** Entries sorted by name. Throws `RepositoryDamaged` where the JSON is no tree, or a name could lead out of its folder. */
export function decodeTree(bytes: Buffer, where: string): TreeNode[] {
  const document = parse(bytes, where);
  if (!isObject(document) || !(Array.isArray(document.nodes) || document.nodes === null))
    throw damaged(`${where} is not a tree.`);
  const nodes = (document.nodes ?? []).map((node: unknown) => decodeNode(node, where)) as TreeNode[];
  nodes.sort((a, b) => Buffer.compare(a.name, b.name));
  const twice = nodes.find((node, at) => nodes[at + 1]?.name.equals(node.name));
  if (twice) throw damaged(`${where} has two entries named ${goQuote(twice.name)}.`);
  return nodes;
}

/** Numbers that JavaScript would round are kept as strings. The quotes of a text are escaped, so that it never looks like a field. */
const longNumber = /("(?:inode|device_id|device|size|links)":)(\d{16,})/g;
const anyLongNumber = /":\d{16}/;

function parse(bytes: Buffer, where: string): unknown {
  try {
    const text = bytes.toString();
    return JSON.parse(anyLongNumber.test(text) ? text.replace(longNumber, '$1"$2"') : text);
  } catch (cause) {
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

function decodeNode(json: unknown, where: string): TreeNode {
  if (!isObject(json)) throw damaged(`${where} has an entry that is none.`);
  const {
    name: quotedName,
    type,
    mode,
    mtime,
    atime,
    ctime,
    uid,
    gid,
    user,
    group,
    inode,
    device_id,
    size,
    links,
    linktarget,
    linktarget_raw,
    extended_attributes,
    device,
    content,
    subtree,
    error,
    ...unknown
  } = json;
  const name = typeof quotedName === "string" ? goUnquote(quotedName) : undefined;
  if (!name || !isSafeName(name))
    throw damaged(`${where} has an entry with the impossible name ${JSON.stringify(quotedName)}.`);
  const field = fieldReader(`${where}: ${quotedName}`);
  if (!nodeTypes.has(type)) throw field.wrong("type");
  return {
    name,
    type: type as NodeType,
    mode: field.count("mode", mode, 0xffff_ffff),
    mtime: field.time("mtime", mtime),
    atime: field.time("atime", atime),
    ctime: field.time("ctime", ctime),
    uid: field.count("uid", uid, 0xffff_ffff),
    gid: field.count("gid", gid, 0xffff_ffff),
    ...(typeof user === "string" && { user }),
    ...(typeof group === "string" && { group }),
    inode: field.long("inode", inode),
    deviceId: field.long("device_id", device_id),
    size: field.count("size", size, Number.MAX_SAFE_INTEGER),
    links: field.count("links", links, Number.MAX_SAFE_INTEGER),
    ...(type === "symlink" && { linkTarget: field.linkTarget(linktarget, linktarget_raw) }),
    ...(extended_attributes != null && { extendedAttributes: field.attributes(extended_attributes) }),
    device: field.long("device", device),
    ...(type === "file" && { content: field.ids(content) }),
    ...(type === "dir" && { subtree: field.id(subtree) }),
    ...(typeof error === "string" && { error }),
    ...(Object.keys(unknown).length > 0 && { unknown }),
  };
}

/** What no file system has as a name: it would lead to another folder. */
const isSafeName = (name: Buffer): boolean => {
  if (name.length === 0 || name.includes(0) || name.includes(0x2f)) return false;
  const text = name.toString("latin1");
  return text !== "." && text !== "..";
};

/** The names of all attributes of a file, each with a NUL, have to fit into this (XATTR_LIST_MAX of linux/limits.h). */
const longestAttributeList = 65_536;

function fieldReader(where: string) {
  const wrong = (field: string) => damaged(`${where} has a damaged ${field}.`);
  const count = (field: string, value: unknown = 0, maximum: number): number => {
    const number = typeof value === "string" ? Number(value) : value;
    if (!Number.isInteger(number) || (number as number) < 0 || (number as number) > maximum) throw wrong(field);
    return number as number;
  };
  const long = (field: string, value: unknown = 0): bigint => {
    const isNumber =
      (Number.isSafeInteger(value) && (value as number) >= 0) ||
      (typeof value === "string" && /^\d{16,20}$/.test(value));
    const number = isNumber ? BigInt(value as number | string) : -1n;
    if (number < 0n || number > 0xffff_ffff_ffff_ffffn) throw wrong(field);
    return number;
  };
  const time = (field: string, value: unknown): bigint => {
    if (value === undefined) return 0n;
    const nanoseconds = typeof value === "string" ? parseTime(value) : undefined;
    if (nanoseconds === undefined) throw wrong(field);
    return nanoseconds;
  };
  const id = (value: unknown): Id => {
    if (!isId(value)) throw wrong("subtree");
    return value;
  };
  const ids = (value: unknown): Id[] => {
    if (value == null) return [];
    if (!Array.isArray(value) || !value.every(isId)) throw wrong("content");
    return value;
  };
  const linkTarget = (text: unknown, raw: unknown): Buffer => {
    if (typeof raw === "string" && raw !== "") return Buffer.from(raw, "base64");
    if (typeof text !== "string") throw wrong("link target");
    return Buffer.from(text);
  };
  const attributes = (value: unknown): ExtendedAttribute[] => {
    if (!Array.isArray(value) || value.length > longestAttributeList) throw wrong("list of extended attributes");
    const list = value.map((attribute: unknown) => {
      if (!isObject(attribute) || typeof attribute.name !== "string") throw wrong("extended attribute");
      const bytes = attribute.value ?? "";
      if (typeof bytes !== "string") throw wrong("extended attribute");
      return { name: attribute.name, value: Buffer.from(bytes, "base64") };
    });
    const names = new Set(list.map(({ name }) => name));
    const length = list.reduce((sum, { name }) => sum + Buffer.byteLength(name) + 1, 0);
    if (names.size < list.length || length > longestAttributeList) throw wrong("list of extended attributes");
    return list;
  };
  return { wrong, count, long, time, id, ids, linkTarget, attributes };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
