import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { whileOurs } from "./while-ours.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const { signal } = new AbortController();

test("asks again after a while, once for all who want to know", async () => {
  const confirm = vi.fn(async () => undefined);
  const assertOurs = whileOurs({ signal, confirm });
  await assertOurs();
  expect(confirm).not.toHaveBeenCalled();
  vi.setSystemTime(Date.now() + 6_000);
  await Promise.all([assertOurs(), assertOurs(), assertOurs()]);
  expect(confirm).toHaveBeenCalledTimes(1);
});

test.each([
  ["forwards", 3_600_000],
  ["back", -3_600_000],
])(
  "of those who ask after it stood still, and its clock was put %s, nobody goes on before the answer",
  async (_, by) => {
    let refuse = (_: Error): void => {};
    const confirm = (): Promise<void> => new Promise((_, reject) => (refuse = reject));
    const assertOurs = whileOurs({ signal, confirm });
    vi.setSystemTime(Date.now() + by);
    let removed = 0;
    const removals = [1, 2, 3].map(() => assertOurs().then(() => removed++));
    await Promise.resolve();
    expect(removed).toBe(0);
    refuse(new Error("it is somebody else's"));
    for (const removal of removals) await expect(removal).rejects.toThrow("somebody else's");
    await expect(assertOurs()).rejects.toThrow("somebody else's");
    expect(removed).toBe(0);
  },
);

test("ends at once where the lock is known to be lost", async () => {
  const assertOurs = whileOurs({ signal: AbortSignal.abort(new Error("lost")), confirm: async () => undefined });
  await expect(assertOurs()).rejects.toThrow("lost");
});
