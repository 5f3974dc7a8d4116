import { syncFileSystem } from "./system.ts";

/** Bytes after which the disk is asked to have them, while others are still being written. */
const usualBytes = 128 * 1024 * 1024;

export interface FlushOptions {
  readonly sync?: (descriptor: number) => Promise<void>;
  /** Bytes that are written between two syncs. */
  readonly every?: number;
}

/** Has all that is written reach the disk. */
export interface Flusher {
  /** So many more bytes were written. Now and then this makes the disk begin; nobody waits for that. Throws where the disk has failed. */
  written(bytes: number): void;
  /** Waits until the disk has everything. Rejects with its first error, from whatever moment. */
  finish(): Promise<void>;
}

/**
 * `sync` waits until the disk has what was written until then: by default, of the file system of `descriptor`, which stays open until `finish`.
 * To have the disk begin is not enough: what it keeps in a cache of its own it would write only in the end, and everybody would wait for all of it.
 */
export function createFlusher(
  descriptor: number,
  { sync = syncFileSystem, every = usualBytes }: FlushOptions = {},
): Flusher {
  let unflushed = 0;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const flush = async (): Promise<void> => {
    try {
      await sync(descriptor);
    } catch (error) {
      // The kernel tells of it once only.
      failure ??= { error };
    }
  };

  return {
    written(bytes) {
      if (failure) throw failure.error;
      unflushed += bytes;
      if (unflushed < every || running) return;
      unflushed = 0;
      running = flush().then(() => {
        running = undefined;
      });
    },
    async finish() {
      await running;
      await flush();
      if (failure) throw failure.error;
    },
  };
}
