import { isDeepStrictEqual } from "node:util";
import { createMemoryPool, type MemoryPool } from "../system/memory.ts";
import { idOf, isAuthentic, sealInto, sealOverhead } from "./crypto.ts";
import { RepositoryError } from "./errors.ts";
import {
  type BlobPayload,
  decodeHeader,
  encodeHeader,
  headerBytes,
  headerEntryBytes,
  isGoodBlob,
  type PackEntry,
  packOverhead,
} from "./pack-format.ts";
import type { BlobType, Id, MasterKey } from "./types.ts";

/** A pack is closed when the next blob would make it longer than this, or when it has this many blobs. */
const packTargetBytes = 16 * 1024 * 1024;
const packMaximumBlobs = 8192;
/** Behind the blobs of a full pack there is room for its header. */
const packBufferBytes = packTargetBytes + packMaximumBlobs * headerEntryBytes(true) + packOverhead;

/** A whole pack, whose blobs were decoded again and compared: to be stored under its name. */
export interface FinishedPack {
  readonly id: Id;
  readonly bytes: Buffer;
  readonly entries: readonly PackEntry[];
}

/** Fills packs for one repository: work for the processor alone. */
export interface PackBuilder {
  /**
   * Seals a blob into the open pack of its type, and opens it again, which must give what its id says. Returns the pack that had to be
   * closed for it, because it had no room left.
   */
  add(payload: BlobPayload): FinishedPack | undefined;
  /** Closes what is open. */
  finish(): FinishedPack[];
}

interface OpenPack {
  readonly type: BlobType;
  readonly bytes: Buffer;
  readonly entries: PackEntry[];
  /** Of the blobs so far. */
  size: number;
}

/** `memory` is for the packs: it is given back by whoever is done with one. */
export function createPackBuilder(
  master: MasterKey,
  memory: Pick<MemoryPool, "take"> = createMemoryPool(),
): PackBuilder {
  const open = new Map<BlobType, OpenPack>();

  const newPack = (type: BlobType, bytes: number): OpenPack => {
    const room = bytes > packTargetBytes ? bytes + packOverhead + headerEntryBytes(true) : packBufferBytes;
    return { type, bytes: memory.take(room), entries: [], size: 0 };
  };

  return {
    add(payload) {
      const { id, type, plainLength, compressed } = payload;
      const needed = payload.bytes.length + sealOverhead;
      const current = open.get(type);
      const hasRoom = current && current.size + needed <= packTargetBytes && current.entries.length < packMaximumBlobs;
      const full = current && !hasRoom ? closePack(master, current) : undefined;
      const pack = hasRoom ? current : newPack(type, needed);
      const length = sealInto(master, payload.bytes, pack.bytes.subarray(pack.size));
      const entry = { id, type, offset: pack.size, length, plainLength, compressed };
      if (!isGoodBlob(master, sealedOf(pack.bytes, entry), entry)) throw notDecoding();
      pack.entries.push(entry);
      pack.size += length;
      open.set(type, pack);
      return full;
    },
    finish() {
      const packs = [...open.values()].map((pack) => closePack(master, pack));
      open.clear();
      return packs;
    },
  };
}

/** Adds the header. What was seen to decode when it was sealed must still be the same, before it is trusted with anybody's data. */
function closePack(master: MasterKey, { bytes, size, entries }: OpenPack): FinishedPack {
  const header = encodeHeader(master, entries);
  const pack = bytes.subarray(0, size + header.length);
  header.copy(pack, size);
  if (!isAsSealed(master, pack, entries)) throw notDecoding();
  return { id: idOf(pack), bytes: pack, entries };
}

function isAsSealed(master: MasterKey, pack: Buffer, entries: readonly PackEntry[]): boolean {
  const header = pack.subarray(pack.length - (headerBytes(pack, pack.length) ?? 0));
  const decoded = decodeHeader(master, header, pack.length);
  if (decoded?.length !== entries.length) return false;
  return decoded.every((entry, at) => {
    const written = entries[at];
    return written && isDeepStrictEqual(entry, written) && isAuthentic(master, sealedOf(pack, entry));
  });
}

const sealedOf = (pack: Buffer, { offset, length }: PackEntry): Buffer => pack.subarray(offset, offset + length);

const notDecoding = (): RepositoryError =>
  new RepositoryError(
    "InternalError",
    "A new pack does not decode to what it was made from, and was not stored: this machine's memory or processor is not to be trusted.",
  );
