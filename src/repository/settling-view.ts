import type { Storage, StoredObject } from "../storage/storage.ts";

/** A store as it is seen by who begins to read while his lock is settling. */
export interface SettlingView {
  /** What is written waits. */
  readonly storage: Storage;
  /** Whether a document that was listed or read until now is gone. What is read from now on is not looked at. */
  hasLost(): Promise<boolean>;
}

/** Packs go only after the documents that name them. */
const folders = ["index/", "snapshots/", "keys/"];
/** As before something is removed: a listing may be stale. */
const listings = 2;

/** Where `settled` rejects, nothing is written. */
export function settlingView(storage: Storage, settled: Promise<void>): SettlingView {
  const read = new Map(folders.map((folder) => [folder, new Set<string>()]));
  /** Whose answers may still come. */
  const underWay: Promise<unknown>[] = [];
  let isRemembering = true;

  const folderOf = (key: string): Set<string> | undefined => read.get(key.slice(0, key.indexOf("/") + 1));
  const remember = <T>(answer: Promise<T>, keysOf: (answer: T) => readonly string[]): Promise<T> => {
    const remembered = answer.then((found) => {
      for (const key of keysOf(found)) folderOf(key)?.add(key);
      return found;
    });
    underWay.push(remembered);
    return remembered;
  };
  async function* list(prefix: string): AsyncGenerator<StoredObject> {
    const objects = Array.fromAsync(storage.list(prefix));
    yield* await remember(objects, (found) => found.map(({ key }) => key));
  }
  const isSomethingGone = async ([folder, keys]: [string, ReadonlySet<string>]): Promise<boolean> => {
    for (let listing = 0; keys.size > 0 && listing < listings; listing++) {
      const gone = new Set(keys);
      for await (const { key } of storage.list(folder)) gone.delete(key);
      if (gone.size > 0) return true;
    }
    return false;
  };

  return {
    storage: {
      ...writesAfter(storage, settled),
      list: (prefix) => (isRemembering && folderOf(prefix) ? list(prefix) : storage.list(prefix)),
      get(key, ...rest) {
        const answer = storage.get(key, ...rest);
        return isRemembering && folderOf(key) ? remember(answer, () => [key]) : answer;
      },
    },
    async hasLost() {
      isRemembering = false;
      // Where no answer came, nothing was read that could be void.
      await Promise.allSettled(underWay.splice(0));
      return (await Promise.all([...read].map(isSomethingGone))).includes(true);
    },
  };
}

const writesAfter = (storage: Storage, settled: Promise<void>): Storage => ({
  ...storage,
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
  below: (prefix) => writesAfter(storage.below(prefix), settled),
});
