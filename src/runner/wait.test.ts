import { expect, it } from "vitest";
import { inParallel, waitFor } from "./wait.ts";

it("asks until there is a value, and gives up when the time is over", async () => {
  let asked = 0;
  const probe = async () => (++asked === 3 ? "there" : undefined);
  expect(await waitFor({ seconds: 30, everyMs: 1 }, probe)).toBe("there");
  expect(await waitFor({ seconds: 0.01, everyMs: 1 }, async () => undefined)).toBeUndefined();
});

it("ends with the reason of the signal", async () => {
  const signal = AbortSignal.abort(new Error("stop"));
  await expect(waitFor({ seconds: 30, signal }, async () => undefined)).rejects.toThrow("stop");
});

it("works on several items at once, but not on more than asked for", async () => {
  let running = 0;
  let most = 0;
  const results = await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, 5));
    running--;
    return item * 10;
  });
  expect(results).toEqual([10, 20, 30, 40, 50]);
  expect(most).toBe(2);
});
