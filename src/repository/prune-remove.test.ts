import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HeldLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { removePacks } from "./prune-remove.ts";
import { testRepository } from "./testing.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("removes no more packs once it stood still and its lock was taken for a dead one's", async () => {
  const { repository, objects, storage } = await testRepository();
  const packs = Array.from({ length: 40 }, (_, number) => number.toString(16).padStart(64, "0"));
  for (const pack of packs) objects.set(packKey(pack), Buffer.from("a pack"));
  let isTaken = false;
  const standingStill = {
    ...storage,
    async delete(key: string) {
      await storage.delete(key);
      isTaken = true;
      vi.setSystemTime(Date.now() + 40 * 60_000);
    },
  };
  const lock: HeldLock = {
    exclusive: true,
    signal: new AbortController().signal,
    async confirm() {
      if (isTaken) throw new Error("it is somebody else's");
    },
  };
  let removed = 0;
  const removing = removePacks({
    repository: { ...repository, storage: standingStill },
    lock,
    packs,
    onRemoved: () => removed++,
  });
  await expect(removing).rejects.toThrow("somebody else's");
  // Those that were under way.
  expect(removed).toBeLessThanOrEqual(8);
  expect(packs.filter((pack) => objects.has(packKey(pack)))).toHaveLength(40 - removed);
});
