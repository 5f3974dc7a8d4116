import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { forEachConcurrently } from "./concurrency.ts";

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
