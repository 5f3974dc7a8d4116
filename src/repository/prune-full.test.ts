import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { idOf } from "./crypto.ts";
import { forgetSnapshots } from "./forget.ts";
import { loadIndex } from "./load-index.ts";
import { withLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { exclusive, forgetAndPrune, nothing, sound, total, withRoom } from "./prune-testing.ts";
import { testRepository, testSnapshot } from "./testing.ts";
import type { Id } from "./types.ts";

describe("prune on a full store", () => {
  test("frees what nobody needs of a full store, before it writes anything anew", async () => {
    const { repository, storage, objects } = await testRepository();
    const kept = randomBytes(200_000);
    const first = await testSnapshot(repository, { kept, gone: randomBytes(300_000) });
    const second = await testSnapshot(repository, { kept, large: randomBytes(400_000) }, "2026-01-02T00:00:00Z");
    await testSnapshot(repository, { kept }, "2026-01-03T00:00:00Z");
    objects.set(packKey("f".repeat(64)), randomBytes(50_000));
    const room = total(objects) + 60_000;
    let refused = 0;
    const full = withRoom(storage, objects, room, () => refused++);
    const report = await forgetAndPrune({ ...repository, storage: full }, [first.id, second.id]);
    expect(refused).toBeGreaterThan(0);
    expect(report.bytesFreed).toBeGreaterThan(700_000);
    expect(report).toMatchObject({ packsRewritten: 1, bytesUnused: 0 });
    expect(total(objects)).toBeLessThan(room - 700_000);
    expect(await sound(repository)).toEqual(nothing);
  });

  test("says that the store is full where nothing goes that would make room, and loses nothing", async () => {
    const { repository, storage, objects } = await testRepository();
    const kept = randomBytes(200_000);
    const { id } = await testSnapshot(repository, { kept, gone: randomBytes(300_000) });
    // Its trees are those of the first one, so that no pack is unused as a whole.
    await testSnapshot(repository, { kept }, "2026-01-02T00:00:00Z");
    const room = total(objects) + 60_000;
    const full: Storage = {
      ...storage,
      async put(key, data, options) {
        if (key.startsWith("data/") && total(objects) + data.length > room)
          throw new StorageError("Full", `Could not write ${key}: the store is full`);
        await storage.put(key, data, options);
      },
    };
    await expect(forgetAndPrune({ ...repository, storage: full }, [id])).rejects.toMatchObject({ kind: "Full" });
    expect((await sound(repository)).problems).toEqual([]);
  });

  /** Two packs of different owners that have to move, and one that goes. */
  async function twoOwners() {
    const { repository, storage, objects } = await testRepository();
    const full = { type: "Full", owner: "full" } as const;
    const later = { type: "Incremental", owner: "0a0b0c" } as const;
    const [a, b] = [randomBytes(200_000), randomBytes(200_000)];
    const gone = [
      await testSnapshot(repository, { a, gone: randomBytes(300_000) }, "2026-01-01T00:00:00Z", full),
      await testSnapshot(repository, { a, b, gone: randomBytes(150_000) }, "2026-01-02T00:00:00Z", later),
      await testSnapshot(repository, { large: randomBytes(600_000) }, "2026-01-03T00:00:00Z", later),
    ];
    await testSnapshot(repository, { a, b }, "2026-01-04T00:00:00Z", later);
    await withLock(repository, exclusive, (lock) =>
      forgetSnapshots({ repository, lock, snapshots: gone.map(({ id }) => id) }),
    );
    return { repository, storage, objects, a, b };
  }

  const packBytes = (objects: ReadonlyMap<string, Buffer>): number =>
    total(new Map([...objects].filter(([key]) => key.startsWith("data/"))));

  // The first pack fits: without its index; with that, but not with the index for what goes; with both, but not with the second pack.
  test.each([200_600, 200_900, 250_000])("keeps nothing twice of what it moved into %i bytes", async (free) => {
    const { repository, storage, objects, a, b } = await twoOwners();
    const room = total(objects) + free;
    let refused = 0;
    const full = withRoom(storage, objects, room, () => refused++);
    const before = packBytes(objects);
    const report = await forgetAndPrune({ ...repository, storage: full }, []);
    expect(refused).toBe(1);
    expect(report).toMatchObject({ packsRewritten: 2, bytesUnused: 0, bytesFreed: before - packBytes(objects) });
    const { index } = await loadIndex(repository);
    for (const each of [a, b]) expect(index.findAll(idOf(each), "data")).toHaveLength(1);
    expect(await sound(repository)).toEqual(nothing);
  });

  test("moves one owner's packs after the other's where there is no room for all, and leaves nothing where there is none", async () => {
    const { repository, storage, objects } = await twoOwners();
    const unmoved = packBytes(objects);
    // All that goes whatever moves is the large one and some trees.
    let room = unmoved - 600_000 + 50_000;
    const full: Storage = {
      ...storage,
      async put(key, data, options) {
        if (key.startsWith("data/") && packBytes(objects) + data.length > room)
          throw new StorageError("Full", `Could not write ${key}: the store is full`);
        await storage.put(key, data, options);
      },
    };
    const there = { ...repository, storage: full };
    await expect(forgetAndPrune(there, [])).rejects.toMatchObject({ kind: "Full" });
    expect(packBytes(objects)).toBeLessThan(unmoved - 600_000);
    expect((await sound(repository)).problems).toEqual([]);

    const before = packBytes(objects);
    room = before + 250_000;
    const report = await forgetAndPrune(there, []);
    expect(report).toMatchObject({ packsRewritten: 2, bytesUnused: 0, bytesFreed: before - packBytes(objects) });
    expect(await sound(repository)).toEqual(nothing);
  });

  test("takes back what it stored under an index that is there although the store called itself full", async () => {
    const { repository, storage, objects } = await twoOwners();
    let isFull = true;
    const full: Storage = {
      ...storage,
      async put(key, data, options) {
        await storage.put(key, data, options);
        if (!key.startsWith("index/") || !isFull) return;
        isFull = false;
        throw new StorageError("Full", `Could not write ${key}: the store is full`);
      },
    };
    const before = packBytes(objects);
    const report = await forgetAndPrune({ ...repository, storage: full }, []);
    expect(report).toMatchObject({ packsRewritten: 2, bytesUnused: 0, bytesFreed: before - packBytes(objects) });
    expect(await sound(repository)).toEqual(nothing);
  });

  test("takes from a new pack what is rotten elsewhere, once the old pack is gone", async () => {
    const { repository, storage, objects } = await testRepository();
    const x = randomBytes(200_000);
    const gone: Id[] = [];
    // Each Differential has a copy of its own. The first one's pack wastes most, and is the first to move.
    for (const [owner, bytes] of [["0a", 300_000] as const, ["0b", 150_000] as const]) {
      const run = { type: "Differential", owner } as const;
      gone.push((await testSnapshot(repository, { x, gone: randomBytes(bytes) }, "2026-01-01T00:00:00Z", run)).id);
      await testSnapshot(repository, { x }, "2026-01-02T00:00:00Z", run);
    }
    const copies = (await loadIndex(repository)).index.findAll(idOf(x), "data");
    expect(copies).toHaveLength(2);
    const { pack = "", offset = 0 } = copies.find(({ owner }) => owner === "0b") ?? {};
    const bytes = objects.get(packKey(pack)) as Buffer;
    bytes.writeUInt8(bytes.readUInt8(offset + 100) ^ 1, offset + 100);
    const room = total(objects) + 250_000;
    const full = withRoom(storage, objects, room);
    expect(await forgetAndPrune({ ...repository, storage: full }, gone)).toMatchObject({ packsRewritten: 2 });
    expect(await sound(repository)).toEqual(nothing);
  });
});
