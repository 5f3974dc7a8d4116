import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { settlingView } from "./settling-view.ts";

const bytes = Buffer.from("some bytes");

const storageWith = (...keys: string[]) => memoryStorage(new Map(keys.map((key) => [key, bytes])));

const writes: [string, (storage: Storage) => Promise<unknown>][] = [
  ["put", (storage) => storage.put("new", bytes)],
  ["copy", (storage) => storage.copy("old", "new")],
  ["upload", async (storage) => (await storage.upload("new")).complete()],
  ["delete", (storage) => storage.delete("old")],
  ["abortUploads", (storage) => storage.abortUploads("")],
  ["a put below a prefix", (storage) => storage.below("folder").put("new", bytes)],
];

const a = "a".repeat(64);
const b = "b".repeat(64);

describe("What is written through the view of a settling lock", () => {
  test.each(writes)("waits: %s", async (_, write) => {
    const storage = storageWith("old");
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    let isWritten = false;
    const writing = write(settlingView(storage, settled).storage).then(() => {
      isWritten = true;
    });
    await sleep(20);
    expect(isWritten).toBe(false);
    expect([...storage.objects.keys()]).toEqual(["old"]);
    resolve();
    await writing;
  });

  test.each(writes)("is not written where there is a conflict: %s", async (_, write) => {
    const storage = storageWith("old");
    const settled = Promise.reject(new Error("somebody was there first"));
    settled.catch(() => {});
    await expect(write(settlingView(storage, settled).storage)).rejects.toThrow("somebody was there first");
    expect([...storage.objects.keys()]).toEqual(["old"]);
  });
});

describe("What was read while a lock was settling", () => {
  const never = new Promise<void>(() => {});
  const list = (storage: Storage, prefix: string) => Array.fromAsync(storage.list(prefix), ({ key }) => key);

  test.each(["index/", "snapshots/", "keys/"])("is void where one of it is gone: %s", async (prefix) => {
    const storage = storageWith(`${prefix}${a}`, `${prefix}${b}`);
    const view = settlingView(storage, never);
    expect(await list(view.storage, prefix)).toEqual([`${prefix}${a}`, `${prefix}${b}`]);
    storage.objects.delete(`${prefix}${a}`);
    expect(await view.hasLost()).toBe(true);
  });

  /** A store that answers the listings in its own way: the first is number 1. */
  const listingAs = (storage: Storage, answer: (number: number, prefix: string) => AsyncIterable<StoredObject>) => {
    let number = 0;
    return { ...storage, list: (prefix: string) => answer(++number, prefix) };
  };

  test("is void where it was read by name, and is gone", async () => {
    const storage = storageWith(`snapshots/${a}`, "config");
    const view = settlingView(storage, never);
    expect(await view.storage.get(`snapshots/${a}`)).toEqual(bytes);
    await view.storage.get("config");
    storage.objects.delete(`snapshots/${a}`);
    expect(await view.hasLost()).toBe(true);
  });

  test("is void, although one listing is stale", async () => {
    const storage = storageWith(`index/${a}`);
    const stale = listingAs(storage, async function* (number, prefix) {
      if (number === 2) yield { key: `index/${a}`, size: 1, modified: 0 };
      else yield* storage.list(prefix);
    });
    const view = settlingView(stale, never);
    await list(view.storage, "index/");
    storage.objects.delete(`index/${a}`);
    expect(await view.hasLost()).toBe(true);
  });

  test("is good where something was added, or what is gone was not read", async () => {
    const storage = storageWith(`index/${a}`, `snapshots/${a}`, `data/${a}`);
    const view = settlingView(storage, never);
    await list(view.storage, "index/");
    await list(view.storage, "data/");
    storage.objects.set(`index/${b}`, bytes);
    storage.objects.delete(`snapshots/${a}`);
    storage.objects.delete(`data/${a}`);
    expect(await view.hasLost()).toBe(false);
  });

  test("is not looked at where it was read afterwards", async () => {
    const storage = storageWith(`index/${a}`);
    const view = settlingView(storage, never);
    expect(await view.hasLost()).toBe(false);
    await list(view.storage, "index/");
    storage.objects.delete(`index/${a}`);
    expect(await view.hasLost()).toBe(false);
  });

  test("counts although the answer comes late", async () => {
    const storage = storageWith(`index/${a}`);
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const slow = listingAs(storage, async function* (_, prefix) {
      const objects = await Array.fromAsync(storage.list(prefix));
      await answered;
      yield* objects;
    });
    const view = settlingView(slow, never);
    const listing = list(view.storage, "index/");
    await sleep(10);
    storage.objects.delete(`index/${a}`);
    const lost = view.hasLost();
    resolve();
    expect(await listing).toEqual([`index/${a}`]);
    expect(await lost).toBe(true);
  });

  test("is good where a listing lacks it, and it is there", async () => {
    const storage = storageWith(`index/${a}`);
    let listings = 0;
    const behind = listingAs(storage, async function* (number, prefix) {
      listings = number;
      if (number === 1) yield* storage.list(prefix);
    });
    const view = settlingView(behind, never);
    await list(view.storage, "index/");
    expect(await view.hasLost()).toBe(false);
    expect(listings).toBe(3);
  });

  test("is good where what is gone was no document, but on its way to be one", async () => {
    const storage = storageWith(`index/${a}-tmp-123`);
    const view = settlingView(storage, never);
    await list(view.storage, "index/");
    storage.objects.clear();
    expect(await view.hasLost()).toBe(false);
  });

  test("cannot be told where the store fails", async () => {
    const storage = storageWith(`index/${a}`);
    const failing: Storage = {
      ...storage,
      get: () => Promise.reject(new StorageError("Unreachable", "no answer")),
    };
    const view = settlingView(failing, never);
    await list(view.storage, "index/");
    storage.objects.clear();
    await expect(view.hasLost()).rejects.toThrow("no answer");
  });

  test("does not count where the listing failed", async () => {
    const storage = storageWith(`index/${a}`);
    const failing = listingAs(storage, (number, prefix) => {
      if (number > 1) return storage.list(prefix);
      throw new Error("no answer");
    });
    const view = settlingView(failing, never);
    await expect(list(view.storage, "index/")).rejects.toThrow("no answer");
    expect(await view.hasLost()).toBe(false);
  });
});

test("Where the lock does not settle, nothing is read any more", async () => {
  const { storage } = settlingView(
    storageWith("config", `index/${a}`),
    Promise.reject(new Error("somebody was there")),
  );
  await Promise.resolve();
  await expect(storage.get("config")).rejects.toThrow("somebody was there");
  await expect(Array.fromAsync(storage.list("index/"))).rejects.toThrow("somebody was there");
});
