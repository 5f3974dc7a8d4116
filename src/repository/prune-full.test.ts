import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { checkRepository } from "./check.ts";
import { forgetSnapshots } from "./forget.ts";
import { withLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { type PruneReport, prune } from "./prune.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";
import type { Id, Repository } from "./types.ts";

const exclusive = { ...testLock, exclusive: true };

const forgetAndPrune = (repository: Repository, snapshots: readonly Id[], maxUnusedShare = 0): Promise<PruneReport> =>
  withLock(repository, exclusive, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots });
    return prune({ repository, lock, maxUnusedShare });
  });

const sound = async (repository: Repository) => {
  const { problems, hints } = await checkRepository({ repository, readData: true });
  return { problems, hints };
};
const nothing = { problems: [], hints: [] };

const total = (objects: ReadonlyMap<string, Buffer>): number =>
  [...objects.values()].reduce((sum, { length }) => sum + length, 0);

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
    const full: Storage = {
      ...storage,
      async put(key, data, options) {
        if (total(objects) + data.length > room) {
          refused++;
          throw new StorageError("Full", `Could not write ${key}: the store is full`);
        }
        await storage.put(key, data, options);
      },
    };
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
});
