import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { forgetSnapshots } from "./forget.ts";
import { withLock } from "./locks.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";
import type { Id } from "./types.ts";

const exclusive = { ...testLock, exclusive: true };

describe("forgetSnapshots", () => {
  test("counts what was there, and takes what is not for removed", async () => {
    const { repository, objects } = await testRepository();
    const { id } = await testSnapshot(repository, { a: randomBytes(10) });
    const forget = (ids: readonly Id[]) =>
      withLock(repository, exclusive, (lock) => forgetSnapshots({ repository, lock, snapshots: ids }));
    expect(await forget([id, id, "0".repeat(64)])).toBe(1);
    expect(await forget([id])).toBe(0);
    expect([...objects.keys()].some((key) => key.startsWith("snapshots/"))).toBe(false);
  });

  test("tells of each one that is gone, also where the next one cannot be removed", async () => {
    const { repository, storage } = await testRepository();
    const ids: Id[] = [];
    for (const time of ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]) {
      ids.push((await testSnapshot(repository, { a: randomBytes(10) }, time)).id);
    }
    const failing = {
      ...storage,
      async delete(key: string) {
        if (key === `snapshots/${ids[1]}`) throw new Error("not this one");
        await storage.delete(key);
      },
    };
    const removed: Id[] = [];
    const forgetting = withLock(repository, exclusive, (lock) =>
      forgetSnapshots({
        repository: { ...repository, storage: failing },
        lock,
        snapshots: ids,
        onRemoved: (id) => removed.push(id),
      }),
    );
    await expect(forgetting).rejects.toThrow("not this one");
    expect(removed).toEqual(ids.slice(0, 1));
  });
});
