import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepLock } from "./lock-keeper.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const minute = 60_000;

function keeperOver(present: Set<string>) {
  let number = 0;
  let isDown = false;
  const keeper = keepLock({
    first: "0",
    where: "the store",
    isPresent: async (id) => present.has(id),
    async write() {
      if (isDown) throw new Error("no route");
      present.add(String(++number));
      return String(number);
    },
    async remove(id) {
      present.delete(id);
    },
  });
  return { keeper, takeDown: () => (isDown = true) };
}

test("replaces the lock every five minutes", async () => {
  const present = new Set(["0"]);
  const { keeper } = keeperOver(present);
  await vi.advanceTimersByTimeAsync(16 * minute);
  expect([...present]).toEqual(["3"]);
  expect(await keeper.stop()).toBe("3");
  await vi.advanceTimersByTimeAsync(60 * minute);
  expect([...present]).toEqual(["3"]);
});

test("gives up before others may take the lock for stale", async () => {
  const { keeper, takeDown } = keeperOver(new Set(["0"]));
  takeDown();
  await vi.advanceTimersByTimeAsync(24 * minute);
  expect(keeper.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(3 * minute);
  expect(keeper.signal.reason).toMatchObject({
    reason: "RepositoryLocked",
    message: expect.stringMatching(/could not be refreshed/),
  });
});

test("notices at the next refresh that somebody removed it, and does not put it back", async () => {
  const present = new Set(["0"]);
  const { keeper } = keeperOver(present);
  present.clear();
  await vi.advanceTimersByTimeAsync(6 * minute);
  expect(keeper.signal.reason).toMatchObject({
    reason: "RepositoryLocked",
    message: expect.stringMatching(/was removed/),
  });
  expect(present.size).toBe(0);
});
