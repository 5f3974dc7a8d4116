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
  /** Until then the next answer is on its way. */
  let delay: Promise<void> | undefined;
  const keeper = keepLock({
    first: "0",
    where: "the store",
    async isPresent(id) {
      const delayed = delay;
      delay = undefined;
      await delayed;
      return present.has(id);
    },
    async write() {
      if (isDown) throw new Error("no route");
      present.add(String(++number));
      return String(number);
    },
    async remove(id) {
      present.delete(id);
    },
  });
  const holdUp = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    delay = promise;
    return resolve;
  };
  return { keeper, holdUp, takeDown: () => (isDown = true) };
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

test("is not lost to who asks for it while it is replaced", async () => {
  const present = new Set(["0"]);
  const { keeper, holdUp } = keeperOver(present);
  const answer = holdUp();
  const confirmed = keeper.confirm();
  await vi.advanceTimersByTimeAsync(6 * minute);
  expect([...present]).toEqual(["1"]);
  answer();
  await expect(confirmed).resolves.toBeUndefined();
  expect(keeper.signal.aborted).toBe(false);
});

test("is lost to who asks for it when somebody removed it, and then what took its place", async () => {
  const present = new Set(["0"]);
  const { keeper, holdUp } = keeperOver(present);
  const answer = holdUp();
  const confirmed = expect(keeper.confirm()).rejects.toMatchObject({ reason: "RepositoryLocked" });
  await vi.advanceTimersByTimeAsync(6 * minute);
  present.clear();
  answer();
  await confirmed;
  expect(keeper.signal.aborted).toBe(true);
});
