import type { Allocate } from "../system/memory.ts";

/**
 * The one interface to a store of objects. Keys are relative, `/`-separated, without a leading slash. This file is the
 * contract; `conformance.ts` tests it on every implementation, and retry, limits and faults are decorators around it.
 */
export interface Storage {
  /** What this is, for messages: `s3://bucket/prefix at https://host` or `file:///folder`. Never holds credentials. */
  readonly description: string;

  /** So many objects at a time are worth putting into it; a caller that holds them in memory begins with no more while they are under way. */
  readonly concurrentPuts: number;

  /** Reading an object in parts takes no longer than reading it whole, and so it need not be in memory as a whole. */
  readonly partsAreCheap: boolean;

  /**
   * The whole object, or exactly `range.length` bytes from `range.offset`. A short answer is an error, never a short
   * buffer. Rejects with kind `NotFound` where there is no such object. The memory is asked of `allocate`, once more
   * for each attempt, after the one before has ended; nothing is written to it once the promise has settled.
   */
  get(key: string, range?: ByteRange, allocate?: Allocate): Promise<Buffer>;

  /**
   * Stores the object whole or not at all; once resolved it is durable and its content confirmed by the store (a checksum
   * the store verified, or our own fsync). Replaces an existing object, unless `ifAbsent`: then rejects with kind
   * `AlreadyExists`, and the existing object is untouched. `data` must not change until the promise settles.
   */
  put(key: string, data: Uint8Array, options?: PutOptions): Promise<void>;

  /**
   * Makes `to` an object with the content of `from`, inside the store: whole or not at all, replacing what is there. Rejects
   * with kind `NotFound` where there is no `from`.
   */
  copy(from: string, to: string): Promise<void>;

  /** Begins an object that is too long to be held in memory. Nothing of it is under `key` before it is complete. */
  upload(key: string): Promise<Upload>;

  /** Frees what unfinished uploads below `prefix` take up. Only for who knows that nobody else is uploading there. */
  abortUploads(prefix: string): Promise<void>;

  /** Every object whose key starts with `prefix`, in no promised order. Half-written objects are never listed. */
  list(prefix: string): AsyncIterable<StoredObject>;

  /** Names of the folders directly below `prefix` (which is empty or ends in `/`), without slashes. */
  listFolders(prefix: string): Promise<readonly string[]>;

  /** Removes the object. One that is not there is no error. */
  delete(key: string): Promise<void>;

  /** A view of everything below `prefix`. */
  below(prefix: string): Storage;

  /** Lets connections go. */
  close(): void;
}

/** An object on its way into the store, part by part. */
export interface Upload {
  /**
   * Appends a part; one at a time. All but the last have one length of at least 5 MiB, and there are at most 10,000 (S3's own
   * limits). After a rejection the same part may be given again. `data` must not change until the promise settles.
   */
  add(data: Uint8Array): Promise<void>;
  /** As with `put`: once resolved, the object is durable and its content confirmed. */
  complete(): Promise<void>;
  /** Gives up, and frees the space. */
  abort(): Promise<void>;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface PutOptions {
  readonly ifAbsent?: boolean;
  /** Of the data, in hex, where it is known: saves a store that wants it from hashing again, and lets it compare. */
  readonly sha256?: string;
}

export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When the object was stored, in milliseconds since 1970, as the store dates it: not fit for comparing with our clock. */
  readonly modified: number;
}
