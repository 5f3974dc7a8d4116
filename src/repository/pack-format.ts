import { type Allocate, reusedMemory } from "../system/memory.ts";
import { compress, compressBriefly, decompress } from "./compression.ts";
import { idOf, seal, sealOverhead, unseal } from "./crypto.ts";
import type { BlobType, Id, MasterKey } from "./types.ts";

/** The layout of a pack: sealed blobs one after the other, then the sealed header, then the header's sealed length. */

/** One blob of a pack, as its header tells. Lengths in bytes. */
export interface PackEntry {
  readonly id: Id;
  readonly type: BlobType;
  readonly offset: number;
  /** Sealed. */
  readonly length: number;
  readonly plainLength: number;
  readonly compressed: boolean;
}

/** What is sealed into a pack: the plaintext, or its compressed form. The same for every repository that gets the blob. */
export interface BlobPayload {
  readonly id: Id;
  readonly type: BlobType;
  readonly bytes: Buffer;
  readonly plainLength: number;
  readonly compressed: boolean;
}

const entryBytes = { plain: 37, compressed: 41 } as const;
const typeCodes = { data: 0, tree: 1, compressedData: 2, compressedTree: 3 } as const;
const lengthBytes = 4;

/**
 * Compresses where that makes it smaller. Trees are always worth it; short and incompressible blobs are left as they are. With
 * `compressBriefly` the payload is valid until the next one.
 */
export function payloadOf(
  type: BlobType,
  plaintext: Buffer,
  id: Id = idOf(plaintext),
  pack: typeof compress = compress,
): BlobPayload {
  const packed = plaintext.length > 0 && looksCompressible(plaintext) ? pack(plaintext) : undefined;
  const compressed = packed !== undefined && packed.length < plaintext.length;
  return { id, type, bytes: compressed ? packed : plaintext, plainLength: plaintext.length, compressed };
}

const sampleBytes = 16 * 1024;

/** A large blob is tried on three samples first: random bytes cost as much to compress as text, for nothing. */
function looksCompressible(plaintext: Buffer): boolean {
  if (plaintext.length < 8 * sampleBytes) return true;
  const middle = Math.floor(plaintext.length / 2);
  const samples = [0, middle, plaintext.length - sampleBytes].map((at) => plaintext.subarray(at, at + sampleBytes));
  const sample = Buffer.concat(samples);
  return compressBriefly(sample).length < sample.length * 0.97;
}

/** Tells the entries of one pack apart: one may be named twice, and a blob may lie in it twice. */
export const placeInPack = ({ type, id, offset }: Pick<PackEntry, "type" | "id" | "offset">): string =>
  `${type} ${id} ${offset}`;

export type BlobEntry = Omit<PackEntry, "offset" | "length">;

/**
 * The plaintext of a sealed blob, in memory that `allocate` gives; undefined where it is damaged or is not what `entry` says.
 * Takes no other memory.
 */
export function openBlob(
  master: MasterKey,
  sealed: Uint8Array,
  entry: BlobEntry,
  allocate: Allocate = Buffer.allocUnsafe,
): Buffer | undefined {
  const payload = unseal(master, sealed, entry.compressed ? unsealed : allocate);
  return payload && plaintextOf(payload, entry, allocate);
}

const unsealed = reusedMemory();
const unpacked = reusedMemory();
const payloads = reusedMemory();

/** Whether `openBlob` would find it good. */
export const isGoodBlob = (master: MasterKey, sealed: Uint8Array, entry: BlobEntry): boolean =>
  openBlob(master, sealed, entry, unpacked) !== undefined;

/** The payload of a sealed blob, checked as `openBlob` does, to be put into another pack as it is; good until the next call. */
export function openPayload(master: MasterKey, sealed: Uint8Array, entry: BlobEntry): BlobPayload | undefined {
  const bytes = unseal(master, sealed, payloads);
  if (!bytes || !plaintextOf(bytes, entry, unpacked)) return undefined;
  const { id, type, plainLength, compressed } = entry;
  return { id, type, bytes, plainLength, compressed };
}

function plaintextOf(
  payload: Buffer,
  { id, plainLength, compressed }: BlobEntry,
  allocate: Allocate,
): Buffer | undefined {
  const plaintext = compressed ? decompressed(payload, plainLength, allocate) : payload;
  const isIt = plaintext?.length === plainLength && idOf(plaintext) === id;
  return isIt ? plaintext : undefined;
}

function decompressed(payload: Buffer, plainLength: number, allocate: Allocate): Buffer | undefined {
  try {
    return decompress(payload, plainLength, allocate);
  } catch {
    return undefined;
  }
}

export const headerEntryBytes = (compressed: boolean): number =>
  compressed ? entryBytes.compressed : entryBytes.plain;

/** What a pack takes beside its blobs and their header entries. */
export const packOverhead = sealOverhead + lengthBytes;

/** The end of a pack: its sealed header and the length of that. */
export function encodeHeader(master: MasterKey, entries: readonly PackEntry[]): Buffer {
  const sealed = seal(master, Buffer.concat(entries.map(encodeEntry)));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(sealed.length);
  return Buffer.concat([sealed, length]);
}

function encodeEntry({ id, type, length, plainLength, compressed }: PackEntry): Buffer {
  const bytes = Buffer.alloc(headerEntryBytes(compressed));
  const code = type === "data" ? typeCodes.data : typeCodes.tree;
  bytes.writeUInt8(compressed ? code + typeCodes.compressedData : code, 0);
  bytes.writeUInt32LE(length, 1);
  if (compressed) bytes.writeUInt32LE(plainLength, 5);
  bytes.write(id, bytes.length - 32, "hex");
  return bytes;
}

/** Bytes at the end of a pack that hold the sealed header and its length; undefined where the length cannot be right. */
export function headerBytes(tail: Uint8Array, packSize: number): number | undefined {
  if (tail.length < lengthBytes) return undefined;
  const sealed = Buffer.from(tail.buffer, tail.byteOffset, tail.length).readUInt32LE(tail.length - lengthBytes);
  const total = sealed + lengthBytes;
  const possible = sealed >= sealOverhead + entryBytes.plain && total <= packSize;
  return possible ? total : undefined;
}

/** Decodes what `encodeHeader` wrote, for a pack of `packSize` bytes; undefined where it is damaged or does not add up. */
export function decodeHeader(master: MasterKey, header: Uint8Array, packSize: number): PackEntry[] | undefined {
  if (headerBytes(header, packSize) !== header.length) return undefined;
  const plaintext = unseal(master, header.subarray(0, header.length - lengthBytes));
  if (!plaintext) return undefined;
  const entries: PackEntry[] = [];
  let offset = 0;
  for (let at = 0; at < plaintext.length; ) {
    const entry = decodeEntry(plaintext, at, offset);
    if (!entry) return undefined;
    entries.push(entry);
    offset += entry.length;
    at += headerEntryBytes(entry.compressed);
  }
  return offset + header.length === packSize ? entries : undefined;
}

function decodeEntry(header: Buffer, at: number, offset: number): PackEntry | undefined {
  const code = header[at] as number;
  if (code > typeCodes.compressedTree) return undefined;
  const compressed = code >= typeCodes.compressedData;
  const end = at + headerEntryBytes(compressed);
  if (end > header.length) return undefined;
  const length = header.readUInt32LE(at + 1);
  if (length < sealOverhead) return undefined;
  return {
    id: header.toString("hex", end - 32, end),
    type: code % 2 === typeCodes.data ? "data" : "tree",
    offset,
    length,
    plainLength: compressed ? header.readUInt32LE(at + 5) : length - sealOverhead,
    compressed,
  };
}
