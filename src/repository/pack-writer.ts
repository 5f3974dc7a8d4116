import type { BlobIndex } from "./blob-index.ts";
import { idOf, seal } from "./crypto.ts";
import { writeDocument } from "./documents.ts";
import { RepositoryError } from "./errors.ts";
import { encodeIndex, type IndexedPack } from "./index-format.ts";
import { packKey } from "./pack-cache.ts";
import { type BlobPayload, decodeHeader, encodeHeader, headerBytes, openBlob, type PackEntry } from "./pack-format.ts";
import type { BlobType, Id, MasterKey, Repository } from "./types.ts";

/** A pack is closed when it has this many bytes. */
const packTargetBytes = 16 * 1024 * 1024;
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
}

interface OpenPack {
  readonly type: BlobType;
  parts: Buffer[];
  entries: PackEntry[];
  size: number;
}

export function createPackWriter({ repository, index }: PackWriterOptions): PackWriter {
  const counts: WriterCounts = { dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesStored: 0 };
  const open: Record<BlobType, OpenPack> = { data: emptyPack("data"), tree: emptyPack("tree") };
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

  const upload = async (pack: OpenPack): Promise<void> => {
    const { id, bytes, entries } = sealPack(repository.master, pack);
    await repository.storage.put(packKey(id), bytes);
    counts.bytesStored += bytes.length;
    for (const entry of entries) {
      index.add({ ...entry, pack: id });
      underWay.delete(entry.type + entry.id);
    }
    if (unindexedBlobs === 0) unindexedSince = Date.now();
    unindexed.push({ id, entries });
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

  const startUpload = (pack: OpenPack): void => {
    open[pack.type] = emptyPack(pack.type);
    const task = upload(pack)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => uploads.delete(task));
    uploads.add(task);
  };

  return {
    counts,
    has: (id, type) => index.has(id, type) || underWay.has(type + id),
    async add(payload) {
      throwFailure();
      const { id, type, plainLength, compressed } = payload;
      underWay.add(type + id);
      const sealed = seal(repository.master, payload.bytes);
      const pack = open[type];
      pack.entries.push({ id, type, offset: pack.size, length: sealed.length, plainLength, compressed });
      pack.parts.push(sealed);
      pack.size += sealed.length;
      counts.bytesAdded += plainLength;
      if (type === "data") counts.dataBlobs++;
      else counts.treeBlobs++;
      if (pack.size >= packTargetBytes) startUpload(pack);
      while (uploads.size >= concurrentUploads) await Promise.race(uploads);
      throwFailure();
    },
    async finish() {
      for (const pack of Object.values(open)) {
        if (pack.entries.length > 0) startUpload(pack);
      }
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

const emptyPack = (type: BlobType): OpenPack => ({ type, parts: [], entries: [], size: 0 });

/** The bytes of a pack, decoded again and compared before they are trusted with anybody's data. */
function sealPack(
  master: MasterKey,
  { parts, entries }: OpenPack,
): { id: Id; bytes: Buffer; entries: readonly PackEntry[] } {
  const bytes = Buffer.concat([...parts, encodeHeader(master, entries)]);
  const decoded = decodeHeader(
    master,
    bytes.subarray(bytes.length - (headerBytes(bytes, bytes.length) ?? 0)),
    bytes.length,
  );
  const isWhole =
    decoded?.length === entries.length &&
    decoded.every((entry, at) => {
      const written = entries[at];
      const same = written?.id === entry.id && written.type === entry.type && written.offset === entry.offset;
      return same && openBlob(master, bytes.subarray(entry.offset, entry.offset + entry.length), entry) !== undefined;
    });
  if (!isWhole) {
    throw new RepositoryError(
      "InternalError",
      "A new pack does not decode to what it was made from, and was not stored: this machine's memory or processor is not to be trusted.",
    );
  }
  return { id: idOf(bytes), bytes, entries };
}
