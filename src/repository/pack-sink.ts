import type { BlobIndex } from "./blob-index.ts";
import { encodeDocument } from "./documents.ts";
import { encodeIndex, type IndexedPack } from "./index-format.ts";
import type { FinishedPack } from "./pack-builder.ts";
import { packKey } from "./pack-cache.ts";
import type { Owner } from "./provenance.ts";
import type { BlobType, Id, Repository } from "./types.ts";

/** An index file is written when this many blobs wait for one, or the first of them has waited this long. */
const indexBlobs = 50_000;
const indexMilliseconds = 10 * 60_000;

/** Puts finished packs into the store and the index, in the order that keeps every crash harmless. */
export interface PackSink {
  readonly counts: WriterCounts;
  /** Stored, or taken to be stored. */
  has(id: Id, type: BlobType): boolean;
  /** Announces a blob that is not there yet, and that a pack to come will hold. */
  expect(blob: ExpectedBlob): void;
  /** Begins to store a pack; after a failure it is passed over. */
  store(pack: FinishedPack): void;
  /** Waits while too much is under way. Rejects once an upload has failed for good. */
  room(): Promise<void>;
  /** When all packs were given: waits for them, then stores the index of them. Only then may anything refer to the blobs. */
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

export interface ExpectedBlob {
  readonly id: Id;
  readonly type: BlobType;
  readonly plainLength: number;
}

export interface PackSinkOptions {
  readonly repository: Repository;
  /** Blobs that it has are not written again; new ones are added to it. */
  readonly index: BlobIndex;
  /** Recorded with every pack; unknown where it is absent. */
  readonly owner?: Owner | undefined;
  /** Only blobs in packs of these owners count as being there; in any pack where it is absent. */
  readonly scope?: ReadonlySet<Owner> | undefined;
  /** Told of each pack and its bytes, when it is stored. */
  readonly onPack?: ((id: Id, bytes: number) => void) | undefined;
  /** Told of each index file, before it is stored: where that fails, it may be there all the same. */
  readonly onIndex?: ((id: Id) => void) | undefined;
}

/** `recycle` gets back the bytes of every pack that nobody reads any more. */
export function createPackSink(
  { repository, index, owner, scope, onPack, onIndex }: PackSinkOptions,
  recycle: (bytes: Buffer) => void,
): PackSink {
  const counts: WriterCounts = { dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesStored: 0 };
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

  const upload = async ({ id, bytes, entries }: FinishedPack): Promise<void> => {
    await repository.storage.put(packKey(id), bytes, { sha256: id });
    counts.bytesStored += bytes.length;
    onPack?.(id, bytes.length);
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
    const { id, bytes } = encodeDocument(repository, "index", encodeIndex(packs));
    onIndex?.(id);
    await repository.storage.put(`index/${id}`, bytes);
  };

  return {
    counts,
    has: (id, type) => isIndexed(id, type) || underWay.has(type + id),
    expect({ id, type, plainLength }) {
      throwFailure();
      underWay.add(type + id);
      counts.bytesAdded += plainLength;
      if (type === "data") counts.dataBlobs++;
      else counts.treeBlobs++;
    },
    store(pack) {
      if (failure) {
        recycle(pack.bytes);
        return;
      }
      const task = upload(pack)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          uploads.delete(task);
          recycle(pack.bytes);
        });
      uploads.add(task);
    },
    async room() {
      // Bounds the memory of a writer, give or take what is being packed already, and has uploading overlap with the rest.
      while (uploads.size >= repository.storage.concurrentPuts) await Promise.race(uploads);
      throwFailure();
    },
    async finish() {
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
