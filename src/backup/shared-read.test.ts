import { expect, test } from "vitest";
import { shareRead } from "./shared-read.ts";

test("begins when everybody has joined or left, and only once", async () => {
  const reads: string[][] = [];
  const shared = shareRead(3, async (parties: readonly string[]) => {
    reads.push([...parties]);
    return parties.length;
  });
  const [a, b, c] = [shared.participant(), shared.participant(), shared.participant()];
  const first = a.join("a");
  b.leave();
  b.leave();
  expect(reads).toEqual([]);
  const third = c.join("c");
  expect(await Promise.all([first, third])).toEqual([2, 2]);
  a.leave();
  expect(reads).toEqual([["a", "c"]]);
});

test("does not read for nobody", async () => {
  let hasRead = false;
  const shared = shareRead(1, async () => {
    hasRead = true;
  });
  shared.participant().leave();
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasRead).toBe(false);
});

test("fails for everybody who joined", async () => {
  const shared = shareRead(2, () => Promise.reject(new Error("gone")));
  const both = await Promise.allSettled([shared.participant().join(1), shared.participant().join(2)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
