import { setTimeout as sleep } from "node:timers/promises";
import { isStorageError, StorageError } from "./errors.ts";
import { newReadHistory, type ReadHistory, readOrTell } from "./read-or-tell.ts";
import type { PutOptions, Storage, StoredObject } from "./storage.ts";

export interface RetryOptions {
  /** How long a store that never answered yet is tried, in milliseconds. */
  readonly firstContactMs?: number;
  /** How long an outage of a store that did answer is waited out, in milliseconds. */
  readonly outageMs?: number;
  /** The first pause; each further one is twice as long, up to `longestPauseMs`, and jitters by half. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
  /** Once it is aborted, only tidying up is left to do, and no outage is worth waiting for. */
  readonly signal?: AbortSignal;
}

const defaultOutageMs = 300_000;
/** How long a store is tried after the abort, in milliseconds. */
const afterAbortMs = 3_000;

interface Contact {
  /** The store answered something, be it an error of its own. */
  reached: boolean;
  readonly history: ReadHistory;
}

/**
 * Repeats what failed for a passing reason, with growing pauses. A wrong address must not hang a run, but a store
 * that restarts in the middle of a long backup must not end it: hence two limits.
 */
export function retrying(storage: Storage, options: RetryOptions = {}): Storage {
  return decorate(storage, options, { reached: false, history: newReadHistory() });
}

function decorate(storage: Storage, options: RetryOptions, contact: Contact): Storage {
  const { outageMs = defaultOutageMs, signal } = options;
  const attempt = <T>(action: () => Promise<T>) => withRetry(action, options, contact);
  return {
    description: storage.description,
    concurrentPuts: storage.concurrentPuts,
    partsAreCheap: storage.partsAreCheap,
    get: (key, range, allocate) =>
      readOrTell({ storage, key, offset: range?.offset ?? 0 }, contact.history, {
        read: (patienceMs) =>
          withRetry(() => storage.get(key, range, allocate), { ...options, outageMs: patienceMs }, contact),
        outageMs,
        signal,
      }),
    put: (key, data, putOptions) =>
      putOptions?.ifAbsent
        ? putOnce(storage, key, data, putOptions, attempt)
        : attempt(() => storage.put(key, data, putOptions)),
    copy: (from, to) => attempt(() => storage.copy(from, to)),
    upload: async (key) => {
      const upload = await attempt(() => storage.upload(key));
      return {
        add: (data) => attempt(() => upload.add(data)),
        complete: () => attempt(() => upload.complete()),
        abort: () => attempt(() => upload.abort()),
      };
    },
    abortUploads: (prefix) => attempt(() => storage.abortUploads(prefix)),
    list: (prefix) => listAgain(storage, prefix, attempt),
    listFolders: (prefix) => attempt(() => storage.listFolders(prefix)),
    delete: (key) => attempt(() => storage.delete(key)),
    below: (prefix) => decorate(storage.below(prefix), options, contact),
    close: () => storage.close(),
  };
}

/**
 * A put whose answer was lost may have been carried out. When its repetition finds the object there, it is ours if the
 * content is the same: sealed objects begin with random bytes, so two writers never write the same.
 */
async function putOnce(
  storage: Storage,
  key: string,
  data: Uint8Array,
  options: PutOptions,
  attempt: <T>(action: () => Promise<T>) => Promise<T>,
): Promise<void> {
  let repeated = false;
  await attempt(async () => {
    try {
      await storage.put(key, data, options);
    } catch (error) {
      const ours = repeated && isStorageError(error, "AlreadyExists") && (await storage.get(key)).equals(data);
      if (ours) return;
      repeated = true;
      throw error;
    }
  });
}

/** Lists again from the start after a passing failure, leaving out what was already handed on. */
async function* listAgain(
  storage: Storage,
  prefix: string,
  attempt: <T>(action: () => Promise<T>) => Promise<T>,
): AsyncGenerator<StoredObject> {
  const seen = new Set<string>();
  let failed = false;
  let entries = storage.list(prefix)[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await attempt(async () => {
        try {
          if (failed) {
            entries = storage.list(prefix)[Symbol.asyncIterator]();
            failed = false;
          }
          return await entries.next();
        } catch (error) {
          failed = true;
          throw error;
        }
      });
      if (next.done) return;
      if (seen.has(next.value.key)) continue;
      seen.add(next.value.key);
      yield next.value;
    }
  } finally {
    await entries.return?.();
  }
}

async function withRetry<T>(action: () => Promise<T>, options: RetryOptions, contact: Contact): Promise<T> {
  const { firstPauseMs = 200, longestPauseMs = 20_000, signal } = options;
  const started = performance.now();
  for (let attempts = 1; ; attempts++) {
    try {
      const result = await action();
      contact.reached = true;
      return result;
    } catch (error) {
      if (!isStorageError(error)) throw error;
      if (error.kind !== "Unreachable") contact.reached = true;
      if (!error.transient) throw error;
      const pause = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs) * (0.5 + Math.random() / 2);
      const elapsed = performance.now() - started;
      if (elapsed + pause > patience(options, contact)) throw givenUp(error, attempts, elapsed);
      // An abort ends a pause that has begun; one that begins afterwards is short, because patience is.
      await sleep(pause, undefined, signal?.aborted ? {} : { signal }).catch(() => undefined);
    }
  }
}

function patience(
  { firstContactMs = 15_000, outageMs = defaultOutageMs, signal }: RetryOptions,
  { reached }: Contact,
): number {
  if (signal?.aborted) return afterAbortMs;
  return reached ? outageMs : firstContactMs;
}

function givenUp(error: StorageError, attempts: number, elapsedMs: number): StorageError {
  if (attempts === 1) return error;
  const seconds = Math.max(1, Math.round(elapsedMs / 1000));
  return new StorageError(error.kind, `${error.message} (tried ${attempts} times in ${seconds} s)`, {
    cause: error.cause,
    transient: true,
  });
}
