import type { Storage, StoredObject } from "../storage/storage.ts";

/** A store as it is seen by who begins to read while his lock is settling. */
export interface SettlingView {
  /** What is written waits. */
  readonly storage: Storage;
  /** Whether an index or a snapshot that was listed until now is gone. What is listed from now on is not looked at. */
  hasLost(): Promise<boolean>;
}

/** All else is found by these; packs go only after the index files that name them. */
const folders = ["index/", "snapshots/"];

/** Where `settled` rejects, nothing is written. */
export function settlingView(storage: Storage, settled: Promise<void>): SettlingView {
  const listings: { readonly prefix: string; readonly objects: Promise<readonly StoredObject[]> }[] = [];
  let isRemembering = true;
  const isSomethingGone = async ({ prefix, objects }: (typeof listings)[number]): Promise<boolean> => {
    // Where the listing failed, nothing was read that could be void.
    const gone = new Set((await objects.catch(() => [])).map(({ key }) => key));
    for await (const { key } of storage.list(prefix)) gone.delete(key);
    return gone.size > 0;
  };
  async function* remember(prefix: string): AsyncGenerator<StoredObject> {
    const objects = Array.fromAsync(storage.list(prefix));
    listings.push({ prefix, objects });
    yield* await objects;
  }
  return {
    storage: {
      ...writesAfter(storage, settled),
      list: (prefix) => (isRemembering && folders.includes(prefix) ? remember(prefix) : storage.list(prefix)),
    },
    async hasLost() {
      isRemembering = false;
      return (await Promise.all(listings.map(isSomethingGone))).includes(true);
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
