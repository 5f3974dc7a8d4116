import type { BlobIndex } from "./blob-index.ts";
import { idOf, sealInto, sealOverhead } from "./crypto.ts";
import { writeDocument } from "./documents.ts";
import { RepositoryError } from "./errors.ts";
import { encodeIndex, type IndexedPack } from "./index-format.ts";
import { packKey } from "./pack-cache.ts";
import {
  type BlobPayload,
  decodeHeader,
  encodeHeader,
  headerBytes,
  headerEntryBytes,
  openBlob,
  type PackEntry,
  packOverhead,
} from "./pack-format.ts";
import type { Owner } from "./provenance.ts";
import type { BlobType, Id, MasterKey, Repository } from "./types.ts";

/** A pack is closed when the next blob would make it longer than this, or when it has this many blobs. */
const packTargetBytes = 16 * 1024 * 1024;
const packMaximumBlobs = 8192;
/** Behind the blobs of a full pack there is room for its header. */
const packBufferBytes = packTargetBytes + packMaximumBlobs * headerEntryBytes(true) + packOverhead;
/** Packs being uploaded at a time: what bounds the memory of a writer, and what overlaps uploading with the rest. */
const concurrentUploads = 3;
/** An index file is written when this many blobs wait for one, or the first of them has waited this long. */
const indexBlobs = 50_000;
const indexMilliseconds = 10 * 60_000;

/** Puts blobs into packs, and packs into the store and the index, in the order that keeps every crash harmless. */
export interface PackWriter {
  readonly counts: WriterCounts;
  /** Stored, or taken to be stored. */
  has(id: Id, type: BlobType): boolean;
  /** Takes a blob that is not there yet; waits while too much is under way. Rejects once an upload has failed for good. */
  add(payload: BlobPayload): Promise<void>;
  /** Stores what is left, then the index of it. Only then may anything refer to the blobs. */
  finish(): Promise<void>;
  /** Waits for uploads under way and takes no more; for when the run has failed. */
  abandon(): Promise<void>;
}

export interface WriterCounts {
  dataBlobs: number;
  treeBlobs: number;
  /** Plain bytes of the new blobs, and what they take in the store, packs' headers included. */
  bytesAdded: number;
  bytesStored: number;
}

export interface PackWriterOptions {
  readonly repository: Repository;
  /** Blobs that it has are not written again; new ones are added to it. */
  readonly index: BlobIndex;
  /** Recorded with every pack; unknown where it is absent. */
  readonly owner?: Owner | undefined;
  /** Only blobs in packs of these owners count as being there; in any pack where it is absent. */
  readonly scope?: ReadonlySet<Owner> | undefined;
}

interface OpenPack {
  readonly type: BlobType;
  readonly bytes: Buffer;
  readonly entries: PackEntry[];
  /** Of the blobs so far. */
  size: number;
}

export function createPackWriter({ repository, index, owner, scope }: PackWriterOptions): PackWriter {
  const counts: WriterCounts = { dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesStored: 0 };
  const open = new Map<BlobType, OpenPack>();
  /** Buffers of packs that were stored: making new ones all the time costs more memory than it seems. */
  const spare: Buffer[] = [];
  /** Blobs in open packs and in uploads: not in the index, because nothing may count on them yet. */
  const underWay = new Set<string>();
  const uploads = new Set<Promise<void>>();
  let unindexed: IndexedPack[] = [];
  let unindexedBlobs = 0;
  let unindexedSince = 0;
  let failure: { readonly error: unknown } | undefined;

  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };

  const isIndexed = (id: Id, type: BlobType): boolean =>
    scope ? index.hasOwned(id, type, scope) : index.has(id, type);

  const upload = async (pack: OpenPack): Promise<void> => {
    const { entries } = pack;
    const { id, bytes } = closePack(repository.master, pack);
    await repository.storage.put(packKey(id), bytes, { sha256: id });
    if (pack.bytes.length === packBufferBytes) spare.push(pack.bytes);
    counts.bytesStored += bytes.length;
    for (const entry of entries) {
      index.add({ ...entry, pack: id, ...(owner && { owner }) });
      underWay.delete(entry.type + entry.id);
    }
    if (unindexedBlobs === 0) unindexedSince = Date.now();
    unindexed.push({ id, owner, entries });
    unindexedBlobs += entries.length;
    const due = unindexedBlobs >= indexBlobs || Date.now() - unindexedSince > indexMilliseconds;
    if (due) await writeIndex();
  };

  const writeIndex = async (): Promise<void> => {
    if (unindexedBlobs === 0) return;
    const packs = unindexed;
    unindexed = [];
    unindexedBlobs = 0;
    await writeDocument(repository, "index", encodeIndex(packs));
  };

  /** A pack of this type with room for a blob of `bytes`. */
  const packFor = (type: BlobType, bytes: number): OpenPack => {
    const current = open.get(type);
    const hasRoom = current && current.size + bytes <= packTargetBytes && current.entries.length < packMaximumBlobs;
    if (hasRoom) return current;
    if (current) startUpload(current);
    const roomy =
      bytes > packTargetBytes ? Buffer.allocUnsafeSlow(bytes + packOverhead + headerEntryBytes(true)) : undefined;
    const pack: OpenPack = {
      type,
      bytes: roomy ?? spare.pop() ?? Buffer.allocUnsafeSlow(packBufferBytes),
      entries: [],
      size: 0,
    };
    open.set(type, pack);
    return pack;
  };

  const startUpload = (pack: OpenPack): void => {
    open.delete(pack.type);
    const task = upload(pack)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => uploads.delete(task));
    uploads.add(task);
  };

  return {
    counts,
    has: (id, type) => isIndexed(id, type) || underWay.has(type + id),
    async add(payload) {
      throwFailure();
      const { id, type, plainLength, compressed } = payload;
      underWay.add(type + id);
      const pack = packFor(type, payload.bytes.length + sealOverhead);
      const length = sealInto(repository.master, payload.bytes, pack.bytes.subarray(pack.size));
      pack.entries.push({ id, type, offset: pack.size, length, plainLength, compressed });
      pack.size += length;
      counts.bytesAdded += plainLength;
      if (type === "data") counts.dataBlobs++;
      else counts.treeBlobs++;
      while (uploads.size >= concurrentUploads) await Promise.race(uploads);
      throwFailure();
    },
    async finish() {
      for (const pack of [...open.values()]) startUpload(pack);
      await Promise.all(uploads);
      throwFailure();
      await writeIndex();
    },
    async abandon() {
      failure ??= { error: new Error("The writer was abandoned.") };
      await Promise.all(uploads);
    },
  };
}

/** Adds the header; then the pack is decoded again and compared, before it is trusted with anybody's data. */
function closePack(master: MasterKey, { bytes, size, entries }: OpenPack): { id: Id; bytes: Buffer } {
  const header = encodeHeader(master, entries);
  const pack = bytes.subarray(0, size + header.length);
  header.copy(pack, size);
  if (!decodesTo(master, pack, entries)) {
    throw new RepositoryError(
      "InternalError",
      "A new pack does not decode to what it was made from, and was not stored: this machine's memory or processor is not to be trusted.",
    );
  }
  return { id: idOf(pack), bytes: pack };
}

function decodesTo(master: MasterKey, pack: Buffer, entries: readonly PackEntry[]): boolean {
  const header = pack.subarray(pack.length - (headerBytes(pack, pack.length) ?? 0));
  const decoded = decodeHeader(master, header, pack.length);
  if (decoded?.length !== entries.length) return false;
  return decoded.every((entry, at) => {
    const written = entries[at];
    const isSame = written?.id === entry.id && written.type === entry.type && written.offset === entry.offset;
    return isSame && openBlob(master, pack.subarray(entry.offset, entry.offset + entry.length), entry) !== undefined;
  });
}
