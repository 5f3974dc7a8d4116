/**
 * The one interface to a store of objects. Keys are relative, `/`-separated, without a leading slash. This file is the
 * contract; `conformance.ts` tests it on every implementation, and retry, limits and faults are decorators around it.
 */
export interface Storage {
  /** What this is, for messages: `s3://bucket/prefix at https://host` or `file:///folder`. Never holds credentials. */
  readonly description: string;

  /**
   * The whole object, or exactly `range.length` bytes from `range.offset`. A short answer is an error, never a short
   * buffer. Rejects with kind `NotFound` where there is no such object.
   */
  get(key: string, range?: ByteRange): Promise<Buffer>;

  /**
   * Stores the object whole or not at all; once resolved it is durable and its content confirmed by the store (a checksum
   * the store verified, or our own fsync). Replaces an existing object, unless `ifAbsent`: then rejects with kind
   * `AlreadyExists`, and the existing object is untouched. `data` must not change until the promise settles.
   */
  put(key: string, data: Uint8Array, options?: PutOptions): Promise<void>;

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

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface PutOptions {
  readonly ifAbsent?: boolean;
}

export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}
