import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { ByteRange, Storage } from "../storage/storage.ts";
import { withBadSector } from "../storage/testing.ts";
import { checkRepository } from "./check.ts";
import { loadIndex } from "./load-index.ts";
import { withLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { encodeHeader } from "./pack-format.ts";
import { repairIndex } from "./repair-index.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";
import type { BlobLocation, Id, Repository } from "./types.ts";

let repository: Repository;
let storage: Storage;
let objects: Map<string, Buffer>;
let before: string[];

beforeEach(async () => {
  ({ repository, storage, objects } = await testRepository());
  const shared = randomBytes(50_000);
  await testSnapshot(repository, { shared, "only first": randomBytes(50_000) });
  await testSnapshot(
    repository,
    { shared, "only second": randomBytes(50_000), empty: Buffer.alloc(0) },
    "2026-01-02T00:00:00Z",
  );
  before = await content();
});

const repair = (from: Repository = repository) =>
  withLock(from, { ...testLock, exclusive: true }, (lock) => repairIndex({ repository: from, lock }));
const locations = async (): Promise<BlobLocation[]> => [...(await loadIndex(repository)).index.locations()];
const content = async (): Promise<string[]> =>
  (await locations()).map((location) => JSON.stringify(location, Object.keys(location).sort())).sort();
const indexKeys = (): string[] => [...objects.keys()].filter((key) => key.startsWith("index/"));
const changeIndexes = (change: (key: string) => unknown): void => {
  for (const key of indexKeys()) change(key);
};
const problems = async () => (await checkRepository({ repository, readData: true })).problems;
const dataPack = async (): Promise<{ pack: Id; blobs: BlobLocation[] }> => {
  const all = await locations();
  const pack = all.find(({ type }) => type === "data")?.pack ?? "";
  return { pack, blobs: all.filter((location) => location.pack === pack) };
};
const flip = (key: string, at: number): void => {
  const bytes = Buffer.from(objects.get(key) as Buffer);
  const position = at < 0 ? bytes.length + at : at;
  bytes[position] = (bytes[position] ?? 0) ^ 1;
  objects.set(key, bytes);
};

describe("repairIndex", () => {
  test.each([
    ["was deleted", () => changeIndexes((key) => objects.delete(key))],
    ["is garbage", () => changeIndexes((key) => objects.set(key, randomBytes(500)))],
    ["lacks a file", () => objects.delete(indexKeys()[0] as string)],
    ["is whole", () => {}],
  ])("makes the same index from the packs where it %s", async (_, damage) => {
    damage();
    const old = indexKeys();
    const report = await repair();
    expect(report).toMatchObject({ packs: 4, damagedPacks: [], missingPacks: [], indexesRemoved: old.length });
    expect(await content()).toEqual(before);
    expect(indexKeys()).toHaveLength(1);
    expect(indexKeys().filter((key) => old.includes(key))).toEqual([]);
    expect(await problems()).toEqual([]);
  });

  test("names the old index files that could not be read", async () => {
    const [key = ""] = indexKeys();
    flip(key, 40);
    expect((await repair()).damagedIndexes).toEqual([key.slice("index/".length)]);
    expect(await problems()).toEqual([]);
  });

  test("writes the new index before the old one goes, and touches nothing else", async () => {
    const done: string[] = [];
    const watched: Storage = {
      ...storage,
      put: (key, ...rest) => storage.put(key, ...rest).finally(() => done.push(`put ${key.split("/")[0]}`)),
      delete: (key) => storage.delete(key).finally(() => done.push(`delete ${key.split("/")[0]}`)),
    };
    await repair({ ...repository, storage: watched });
    expect(done).toEqual(["put locks", "put index", "delete index", "delete index", "delete locks"]);
  });

  test("reads only the ends of packs, in two steps where the header is long", async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`file ${at}`, randomBytes(1000)]));
    await testSnapshot(repository, files, "2026-01-03T00:00:00Z");
    before = await content();
    const reads: ByteRange[] = [];
    const watched: Storage = {
      ...storage,
      get(key, range) {
        if (key.startsWith("data/")) reads.push(range ?? { offset: 0, length: Number.POSITIVE_INFINITY });
        return storage.get(key, range);
      },
    };
    await repair({ ...repository, storage: watched });
    expect(await content()).toEqual(before);
    expect(reads).toHaveLength(7);
    expect(Math.max(...reads.map(({ length }) => length))).toBeLessThan(20_000);
  });

  test("names packs that are missing, and takes them out of the index", async () => {
    const { pack } = await dataPack();
    objects.delete(packKey(pack));
    expect(await repair()).toMatchObject({ packs: 3, missingPacks: [pack], damagedPacks: [] });
    expect((await locations()).some((location) => location.pack === pack)).toBe(false);
  });

  test.each([
    ["header", (bytes: Buffer) => bytes.length - 10],
    ["header's length", (bytes: Buffer) => bytes.length - 2],
  ])("keeps the good blobs of a pack whose %s is damaged, while an old index knows them", async (_, at) => {
    const { pack, blobs } = await dataPack();
    flip(packKey(pack), at(objects.get(packKey(pack)) as Buffer));
    expect(await repair()).toMatchObject({ packs: 4, damagedPacks: [{ pack, blobsKept: blobs.length }] });
    expect(await content()).toEqual(before);
    flip(packKey(pack), blobs[0]?.offset ?? 0);
    expect((await repair()).damagedPacks).toEqual([{ pack, blobsKept: blobs.length - 1 }]);
  });

  test("keeps the good blobs of a pack that was cut short", async () => {
    const { pack, blobs } = await dataPack();
    const last = blobs.toSorted((a, b) => a.offset - b.offset).at(-1);
    objects.set(packKey(pack), (objects.get(packKey(pack)) as Buffer).subarray(0, (last?.offset ?? 0) + 1));
    expect((await repair()).damagedPacks).toEqual([{ pack, blobsKept: blobs.length - 1 }]);
  });

  test("leaves a damaged pack out that no index knows", async () => {
    const { pack } = await dataPack();
    flip(packKey(pack), -10);
    for (const key of indexKeys()) objects.delete(key);
    expect(await repair()).toMatchObject({ packs: 3, damagedPacks: [{ pack, blobsKept: 0 }] });
    expect(await problems()).not.toEqual([]);
    expect(objects.has(packKey(pack)), "nothing but index files is ever removed").toBe(true);
  });

  test("never writes an entry that would make the whole index unreadable", async () => {
    const entry = { id: "a".repeat(64), type: "data", offset: 0, length: 100, compressed: true } as const;
    for (const [name, plainLength] of [
      ["b", 0xffff_ffff],
      ["c", 0],
    ] as const) {
      const header = encodeHeader(repository.master, [{ ...entry, plainLength }]);
      objects.set(packKey(name.repeat(64)), Buffer.concat([Buffer.alloc(100), header]));
    }
    expect((await repair()).damagedPacks).toHaveLength(2);
    expect(await content()).toEqual(before);
  });

  test("changes nothing where no pack is left", async () => {
    for (const key of [...objects.keys()]) if (key.startsWith("data/")) objects.delete(key);
    const old = indexKeys();
    await expect(repair()).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect(indexKeys()).toEqual(old);
  });

  test("takes a store that fails for no damage, and leaves the old index", async () => {
    const old = indexKeys();
    const failing: Storage = {
      ...storage,
      get: (key, range) =>
        key.startsWith("data/") ? Promise.reject(new StorageError("Unreachable", "no route")) : storage.get(key, range),
    };
    await expect(repair({ ...repository, storage: failing })).rejects.toMatchObject({ kind: "Unreachable" });
    expect(indexKeys()).toEqual(old);
  });

  test("does not take for lost what cannot be read at present", async () => {
    const old = indexKeys();
    const key = [...objects.keys()].find((each) => each.startsWith("data/")) as string;
    for (const at of [10, (objects.get(key) as Buffer).length - 1]) {
      const failing = withBadSector(storage, key, at);
      // Without a good header its blobs are looked at one by one.
      if (at === 10) flip(key, (objects.get(key) as Buffer).length - 6);
      await expect(repair({ ...repository, storage: failing })).rejects.toMatchObject({ kind: "Unreadable" });
      expect(indexKeys()).toEqual(old);
      expect(objects.has(key)).toBe(true);
    }
  });

  test("says what to do about an index file that the store does not give out, as a restore does, and it helps", async () => {
    const [key = ""] = indexKeys();
    const failing = { ...repository, storage: withBadSector(storage, key, 0) };
    const advice = {
      kind: "Unreadable",
      message: expect.stringMatching(`${key}.*EIO.*try again.*remove ${key} and run repair index`),
    };
    await expect(repair(failing)).rejects.toMatchObject(advice);
    await expect(loadIndex(failing)).rejects.toMatchObject(advice);
    await failing.storage.delete(key);
    await repair(failing);
    expect(await content()).toEqual(before);
  });

  test("counts the snapshots that could not be read: they may be Differentials", async () => {
    const provenance = { type: "Differential", owner: "b".repeat(16) } as const;
    const differential = await testSnapshot(repository, { own: randomBytes(1000) }, "2026-01-03T00:00:00Z", provenance);
    expect(await repair()).toMatchObject({ differentials: 1, unreadSnapshots: 0 });
    for (const key of indexKeys()) objects.delete(key);
    const failing = withBadSector(storage, `snapshots/${differential.id}`, 0);
    const report = await repair({ ...repository, storage: failing });
    expect(report).toMatchObject({ differentials: 0, unreadSnapshots: 1 });
    expect(report.packsWithoutOwner).toBeGreaterThan(0);
  });

  test("wants the repository for itself", async () => {
    const shared = withLock(repository, { ...testLock, exclusive: false }, (lock) => repairIndex({ repository, lock }));
    await expect(shared).rejects.toThrow(TypeError);
  });
});
