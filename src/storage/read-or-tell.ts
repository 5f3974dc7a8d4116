import { isStorageError, StorageError } from "./errors.ts";
import type { Storage } from "./storage.ts";

/** How much of an outage's time a further object gets, where one was found that cannot be read though others can. */
const shareOnceUnreadable = 0.2;
/** One of them may be the very object that fails, and another be gone by now, as locks go. */
const keptReads = 3;

/** What was read of a store, through all views of it. */
export interface ReadHistory {
  /** The last objects, each once, the newest first: to see whether another one can be read. */
  lastRead: readonly ReadObject[];
  /** Objects that could not be read though others could, by name. */
  readonly unreadable: Map<string, UnreadableObject>;
}

export interface ReadObject {
  readonly storage: Storage;
  readonly key: string;
  /** Where what was read of it begins. */
  readonly offset: number;
}

interface UnreadableObject {
  /** How long it was waited for in vain since a part of it was read, in milliseconds. */
  failingMs: number;
}

export const newReadHistory = (): ReadHistory => ({ lastRead: [], unreadable: new Map() });

export interface ReadOptions {
  /** Reads, and tries again for so long, in milliseconds; zero means once. */
  readonly read: (patienceMs: number) => Promise<Buffer>;
  readonly outageMs: number;
  /** Once it is aborted, nothing is found out about the object any more. */
  readonly signal: AbortSignal | undefined;
}

/**
 * An object that fails for good while another one can be read is `Unreadable`: a restore loses some files by it, and not all. Its other parts
 * are tried once, other objects not as long as this one, and nothing of one any more whose parts have failed in a row for as long as an outage is
 * waited out: so a run among many such, or among some that hang, comes to its end.
 */
export async function readOrTell(object: ReadObject, history: ReadHistory, options: ReadOptions): Promise<Buffer> {
  const { read, outageMs, signal } = options;
  const { unreadable } = history;
  const name = nameOf(object);
  const known = unreadable.get(name);
  if (known && known.failingMs > outageMs) throw givenUpOn(object);
  const share = known ? 0 : unreadable.size > 0 ? shareOnceUnreadable : 1;
  let failure: unknown;
  // Where no other object can be read either, it is an outage after all, and waited out as one.
  for (const patience of share === 1 ? [1] : [share, 1]) {
    const started = performance.now();
    try {
      const bytes = await read(outageMs * patience);
      if (bytes.length > 0) remember(history, object);
      if (known) known.failingMs = 0;
      return bytes;
    } catch (error) {
      if (!isStorageError(error) || !error.transient || signal?.aborted) throw error;
      if (await canReadAnother(object, history)) {
        // The first time it was asked for as a whole, or for the part that is bad: that says nothing of the others.
        if (known) known.failingMs += performance.now() - started;
        else unreadable.set(name, { failingMs: 0 });
        const message = `${error.message}, while other objects can be read`;
        throw new StorageError("Unreadable", message, { cause: error.cause });
      }
      failure = error;
    }
  }
  throw failure;
}

const nameOf = ({ storage, key }: ReadObject): string => `${storage.description} ${key}`;

function givenUpOn({ storage, key }: ReadObject): StorageError {
  const why = "it has failed again and again, while other objects could be read, and is not asked for any more";
  return new StorageError("Unreadable", `Could not read ${key} of ${storage.description}: ${why}`);
}

function remember(history: ReadHistory, object: ReadObject): void {
  const others = history.lastRead.filter((each) => nameOf(each) !== nameOf(object));
  history.lastRead = [object, ...others].slice(0, keptReads);
}

async function canReadAnother(object: ReadObject, { lastRead }: ReadHistory): Promise<boolean> {
  const others = lastRead.filter((each) => nameOf(each) !== nameOf(object));
  try {
    await Promise.any(others.map(({ storage, key, offset }) => storage.get(key, { offset, length: 1 })));
    return true;
  } catch {
    return false;
  }
}
