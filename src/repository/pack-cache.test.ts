import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { withBadSector } from "../storage/testing.ts";
import { createPackCache, packKey } from "./pack-cache.ts";

const mebibyte = 1024 * 1024;
const packs = ["a", "b", "c", "d", "e", "f"].map((letter) => letter.repeat(64));
const [a = "", b = "", c = ""] = packs;

/** A store of six packs of a MiB each, which notes what it is asked for. */
function countingStore(): { readonly storage: Storage; readonly asked: string[] } {
  const store = memoryStorage();
  for (const pack of packs) store.objects.set(packKey(pack), Buffer.alloc(mebibyte, pack));
  const asked: string[] = [];
  const get: Storage["get"] = (key, range) => {
    asked.push(key);
    return store.get(key, range);
  };
  return { storage: { ...store, get }, asked };
}

test("a pack is read once, however often it is wanted", async () => {
  const { storage, asked } = countingStore();
  const cache = createPackCache();
  const [first, second] = await Promise.all([cache.get(storage, a), cache.get(storage, a)]);
  expect(first).toBe(second);
  expect(await cache.get(storage, a)).toBe(first);
  expect(asked).toEqual([packKey(a)]);
});

test("what was not used for longest goes when there is no more room", async () => {
  const { storage, asked } = countingStore();
  const cache = createPackCache(2 * mebibyte);
  for (const pack of [a, b, a, c, a, b]) await cache.get(storage, pack);
  expect(asked).toEqual([a, b, c, b].map(packKey));
});

test("one that is longer than all the room is kept until another one is read", async () => {
  const { storage, asked } = countingStore();
  const cache = createPackCache(10);
  for (const pack of [a, a, b, a]) await cache.get(storage, pack);
  expect(asked).toEqual([a, b, a].map(packKey));
});

test("several are read ahead at once, and then are there", async () => {
  const { storage, asked } = countingStore();
  const cache = createPackCache();
  for (const pack of packs) cache.readAhead(storage, pack);
  expect(asked).toEqual(packs.slice(0, 4).map(packKey));
  await Promise.all(packs.slice(0, 4).map((pack) => cache.get(storage, pack)));
  expect(asked).toHaveLength(4);
});

test("nothing that is kept goes for what is read ahead", async () => {
  const { storage, asked } = countingStore();
  const cache = createPackCache(16 * mebibyte);
  await cache.get(storage, a);
  cache.readAhead(storage, b);
  expect(asked).toEqual([packKey(a)]);
});

test("what could not be read ahead is asked for again by whoever wants it", async () => {
  const { storage } = countingStore();
  let answers = 0;
  const get: Storage["get"] = async (key, range) => {
    if (++answers === 1) throw new StorageError("Unreachable", "down");
    return storage.get(key, range);
  };
  const cache = createPackCache();
  cache.readAhead({ ...storage, get }, a);
  await nextTurn();
  expect(await cache.get({ ...storage, get }, a)).toHaveLength(mebibyte);
});

test("a pack that the store does not give out whole is not asked for again, and the others are", async () => {
  const { storage, asked } = countingStore();
  const cache = createPackCache(2 * mebibyte);
  const get: Storage["get"] = (key, range) => {
    if (key === packKey(a)) asked.push(key);
    return withBadSector(storage, packKey(a), 10).get(key, range);
  };
  const failing = { ...storage, get };
  for (const pack of [a, b, a, c]) await cache.get(failing, pack).catch(() => undefined);
  await expect(cache.get(failing, a)).rejects.toMatchObject({ kind: "Unreadable" });
  cache.readAhead(failing, a);
  expect(asked).toEqual([a, b, c].map(packKey));
  expect(await cache.get(failing, b)).toHaveLength(mebibyte);
});
