import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { createBlobIndex } from "./blob-index.ts";
import { checkRepository } from "./check.ts";
import { idOf } from "./crypto.ts";
import { forgetSnapshots } from "./forget.ts";
import { loadIndex } from "./load-index.ts";
import { withLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { prune } from "./prune.ts";
import { exclusive, forgetAndPrune } from "./prune-testing.ts";
import { repairIndex } from "./repair-index.ts";
import { testRepository, testSnapshot, testWriter } from "./testing.ts";
import type { Repository } from "./types.ts";

/** A file that has to move and whose blob is rotten, and a good copy of that in a pack that no index names, as of a killed run. */
async function rotten() {
  const { repository, storage, objects } = await testRepository();
  const [first, kept] = [randomBytes(200_000), randomBytes(200_000)];
  // The Full's pack wastes most, and is the first to move.
  const gone = [
    await testSnapshot(repository, { first, gone: randomBytes(300_000) }, "2026-01-01T00:00:00Z", full),
    await testSnapshot(repository, { first, kept, gone: randomBytes(150_000) }, "2026-01-02T00:00:00Z", later),
    await testSnapshot(repository, { large: randomBytes(600_000) }, "2026-01-03T00:00:00Z", later),
  ];
  await testSnapshot(repository, { first, kept }, "2026-01-04T00:00:00Z", later);

  const before = new Set(objects.keys());
  const writer = testWriter({ repository, index: createBlobIndex() });
  await writer.add({ id: idOf(kept), type: "data", bytes: kept });
  await writer.finish();
  for (const key of objects.keys()) if (!before.has(key) && key.startsWith("index/")) objects.delete(key);

  const { pack = "", offset = 0 } = (await loadIndex(repository)).index.find(idOf(kept), "data") ?? {};
  const bytes = objects.get(packKey(pack)) as Buffer;
  bytes.writeUInt8(bytes.readUInt8(offset + 100) ^ 1, offset + 100);
  return { repository, storage, objects, snapshots: gone.map(({ id }) => id) };
}
const full = { type: "Full", owner: "full" } as const;
const later = { type: "Incremental", owner: "0a0b0c" } as const;

const packsIn = (objects: ReadonlyMap<string, Buffer>): string[] =>
  [...objects.keys()].filter((key) => key.startsWith("data/"));

const heal = async (repository: Repository): Promise<void> => {
  await withLock(repository, exclusive, (lock) => repairIndex({ repository, lock }));
};

describe("prune of a damaged repository", () => {
  test("removes nothing, and not the only good copy that a killed run left", async () => {
    const { repository, objects, snapshots } = await rotten();
    const before = packsIn(objects);
    const pruning = forgetAndPrune(repository, snapshots);
    await expect(pruning).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect(packsIn(objects)).toEqual(expect.arrayContaining(before));
    await heal(repository);
    expect((await checkRepository({ repository, readData: true })).affected).toEqual([]);
  });

  test("removes nothing either where the store is full before it comes upon the damage", async () => {
    const { repository, storage, objects, snapshots } = await rotten();
    const before = packsIn(objects);
    let refused = 0;
    const fullStore: Storage = {
      ...storage,
      async put(key, data, options) {
        if (key.startsWith("data/")) {
          refused++;
          throw new StorageError("Full", `Could not write ${key}: the store is full`);
        }
        await storage.put(key, data, options);
      },
    };
    const there = { ...repository, storage: fullStore };
    const pruning = forgetAndPrune(there, snapshots);
    await expect(pruning).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect(refused, "it was read before anything was written").toBe(0);
    expect(packsIn(objects)).toEqual(before);
    await heal(repository);
    expect((await checkRepository({ repository, readData: true })).affected).toEqual([]);
  });

  /** More than one pack's worth of blobs that have to move, each beside one that goes; and the file whose blob is the last of them. */
  async function much() {
    const { repository, objects } = await testRepository();
    const names = Array.from({ length: 40 }, (_, number) => `file ${number}`);
    const kept = Object.fromEntries(names.map((name) => [name, randomBytes(1_000_000)]));
    const gone = Object.fromEntries(names.map((name) => [`${name} gone`, randomBytes(100_000)]));
    const all = names.flatMap((name) => [name, `${name} gone`]);
    const both = Object.fromEntries(all.map((name) => [name, (kept[name] ?? gone[name]) as Buffer]));
    const first = await testSnapshot(repository, both, "2026-01-01T00:00:00Z");
    await testSnapshot(repository, kept, "2026-01-02T00:00:00Z");
    const id = idOf(kept["file 39"] as Buffer);
    const { pack = "", offset = 0 } = (await loadIndex(repository)).index.find(id, "data") ?? {};
    const spoil = () => {
      const bytes = objects.get(packKey(pack)) as Buffer;
      bytes.writeUInt8(bytes.readUInt8(offset + 100) ^ 1, offset + 100);
    };
    await withLock(repository, exclusive, (lock) => forgetSnapshots({ repository, lock, snapshots: [first.id] }));
    const pruneOnce = (storage: Storage) => {
      const there = { ...repository, storage };
      return withLock(there, exclusive, (lock) => prune({ repository: there, lock, maxUnusedShare: 0 }));
    };
    return { storage: repository.storage, objects, spoil, pruneOnce };
  }

  test("leaves nothing behind, however often it is tried", async () => {
    const { storage, objects, spoil, pruneOnce } = await much();
    spoil();
    const before = packsIn(objects);
    for (const _ of [1, 2, 3]) {
      await expect(pruneOnce(storage)).rejects.toMatchObject({ reason: "RepositoryDamaged" });
      expect(packsIn(objects)).toEqual(before);
    }
  });

  test("leaves no more behind with each try that breaks off", async () => {
    const { storage, objects, spoil, pruneOnce } = await much();
    const before = packsIn(objects).length;
    let stored = 0;
    const breaking: Storage = {
      ...storage,
      async put(key, data, options) {
        if (key.startsWith("data/") && ++stored > 1) throw new StorageError("Unreachable", "it is gone");
        await storage.put(key, data, options);
      },
    };
    for (const _ of [1, 2, 3]) {
      stored = 0;
      await expect(pruneOnce(breaking)).rejects.toThrow("it is gone");
      expect(packsIn(objects)).toHaveLength(before + 1);
    }
    spoil();
    await expect(pruneOnce(storage)).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect(packsIn(objects), "what may be the only good copy stays").toHaveLength(before + 1);
  });
});
