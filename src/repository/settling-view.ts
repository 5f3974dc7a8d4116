import { getIfPresent } from "../storage/get-if-present.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { isId } from "./crypto.ts";

/** A store as it is seen by who begins to read while his lock is settling. */
export interface SettlingView {
  /** What is written waits until then. Once it is known that the lock does not settle, nothing is read any more, either. */
  readonly storage: Storage;
  /** Whether a document that was listed or read until now is gone. What is read from now on is not looked at. */
  hasLost(): Promise<boolean>;
}

/** Packs go only after the documents that name them. */
const folders = ["index/", "snapshots/", "keys/"];
/** One may be stale. */
const listings = 2;

export function settlingView(storage: Storage, settled: Promise<void>): SettlingView {
  const read = new Map(folders.map((folder) => [folder, new Set<string>()]));
  /** Whose answers may still come. */
  const underWay: Promise<void>[] = [];
  let isRemembering = true;
  let refusal: { readonly error: unknown } | undefined;
  settled.catch((error: unknown) => {
    refusal = { error };
  });

  const folderOf = (key: string): Set<string> | undefined => read.get(key.slice(0, key.indexOf("/") + 1));
  const remember = <T>(answer: Promise<T>, keysOf: (answer: T) => readonly string[]): Promise<T> => {
    const note = (found: T): void => {
      for (const key of keysOf(found)) {
        // restic writes into a file of another name beside it, and renames that.
        if (isId(key.slice(key.indexOf("/") + 1))) folderOf(key)?.add(key);
      }
    };
    // Where no answer comes, nothing was read that could be void.
    underWay.push(answer.then(note, () => {}));
    return answer;
  };
  const throwRefusal = (): void => {
    if (refusal) throw refusal.error;
  };
  async function* list(prefix: string): AsyncGenerator<StoredObject> {
    throwRefusal();
    if (!isRemembering || !folderOf(prefix)) yield* storage.list(prefix);
    else yield* await remember(Array.fromAsync(storage.list(prefix)), (found) => found.map(({ key }) => key));
  }

  /** A listing may lack what is there, or name what is not. */
  const isSomethingGone = async ([folder, keys]: [string, ReadonlySet<string>]): Promise<boolean> => {
    for (let listing = 0; keys.size > 0 && listing < listings; listing++) {
      const missing = new Set(keys);
      for await (const { key } of storage.list(folder)) missing.delete(key);
      for (const key of missing) if (!(await getIfPresent(storage, key))) return true;
    }
    return false;
  };

  return {
    storage: {
      ...writesAfter(storage, settled),
      list,
      async get(key, ...rest) {
        throwRefusal();
        const answer = storage.get(key, ...rest);
        return isRemembering && folderOf(key) ? remember(answer, () => [key]) : answer;
      },
    },
    async hasLost() {
      isRemembering = false;
      await Promise.all(underWay.splice(0));
      return (await Promise.all([...read].map(isSomethingGone))).includes(true);
    },
  };
}

/** Each method by its name, so that one that writes is not passed on by mistake. What is read through `below` is not remembered. */
const writesAfter = (storage: Storage, settled: Promise<void>): Storage => ({
  description: storage.description,
  concurrentPuts: storage.concurrentPuts,
  partsAreCheap: storage.partsAreCheap,
  get: (key, ...rest) => storage.get(key, ...rest),
  list: (prefix) => storage.list(prefix),
  listFolders: (prefix) => storage.listFolders(prefix),
  close: () => storage.close(),
  below: (prefix) => writesAfter(storage.below(prefix), settled),
  async put(key, data, options) {
    await settled;
    return storage.put(key, data, options);
  },
  async copy(from, to) {
    await settled;
    return storage.copy(from, to);
  },
  async upload(key) {
    await settled;
    return storage.upload(key);
  },
  async abortUploads(prefix) {
    await settled;
    return storage.abortUploads(prefix);
  },
  async delete(key) {
    await settled;
    return storage.delete(key);
  },
});
