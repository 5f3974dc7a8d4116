import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { allEnded, forEachConcurrently } from "./concurrency.ts";

test.each(["the work", "the items"])("an error of %s is thrown when all that was begun has ended", async (whose) => {
  const ended: number[] = [];
  async function* items() {
    yield* [1, 2];
    if (whose === "the items") throw new Error("of the items");
    yield 3;
  }
  const done = forEachConcurrently(items(), 3, async (item) => {
    await sleep(item === 3 ? 0 : 50);
    ended.push(item);
    if (item === 3) throw new Error("of the work");
  });
  await expect(done).rejects.toThrow(`of ${whose}`);
  expect(ended.toSorted()).toEqual(whose === "the work" ? [1, 2, 3] : [1, 2]);
});

test("what belongs together is waited for, also where a part of it fails", async () => {
  expect(await allEnded([Promise.resolve(1), sleep(5, "two")])).toEqual([1, "two"]);
  let ended = false;
  const slow = sleep(50).then(() => {
    ended = true;
  });
  await expect(allEnded([slow, Promise.reject(new Error("no"))])).rejects.toThrow("no");
  expect(ended).toBe(true);
});
