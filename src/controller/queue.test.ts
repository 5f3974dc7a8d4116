import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createQueue } from "./queue.ts";

const ignore = () => undefined;

// Time goes on only where a test says so: how busy the machine is does not matter.
const work = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the queue", () => {
  it("never works on one key twice at the same time, and runs again what was added meanwhile, once", async () => {
    let inside = 0;
    let runs = 0;
    const queue = createQueue({
      width: 4,
      onError: ignore,
      work: async () => {
        runs++;
        expect(++inside).toBe(1);
        await work(20);
        inside--;
        return {};
      },
    });
    queue.add("a");
    await pass(5);
    queue.add("a");
    queue.add("a");
    await pass(10_000);
    expect(runs).toBe(2);
  });

  it("works on different keys side by side, up to its width", async () => {
    let inside = 0;
    let most = 0;
    const queue = createQueue({
      width: 2,
      onError: ignore,
      work: async () => {
        most = Math.max(most, ++inside);
        await work(10);
        inside--;
        return {};
      },
    });
    for (const key of ["a", "b", "c", "d", "e"]) queue.add(key);
    await pass(30);
    expect([most, inside]).toEqual([2, 0]);
  });

  it("waits twice as long after each failure, and starts anew after a success", async () => {
    const starts: number[] = [];
    const failing = [true, true, true, false];
    const errors: unknown[] = [];
    const queue = createQueue({
      width: 1,
      firstDelayMs: 20,
      longestDelayMs: 50,
      random: () => 0,
      onError: (_, error) => errors.push(error),
      work: async () => {
        starts.push(Date.now());
        if (failing.shift()) throw new Error("not yet");
        return {};
      },
    });
    queue.add("a");
    await pass(10_000);
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(errors.length).toBe(3);
    expect(gaps).toEqual([20, 40, 50]);
  });

  it("comes back after the time asked for, and at once when something changes before", async () => {
    let runs = 0;
    const queue = createQueue({
      width: 1,
      onError: ignore,
      work: async () => (++runs < 3 ? { againAfterSeconds: runs === 1 ? 0.03 : 60 } : {}),
    });
    queue.add("a");
    await pass(29);
    expect(runs).toBe(1);
    await pass(1);
    expect(runs).toBe(2);
    queue.add("a");
    await pass(0);
    expect(runs).toBe(3);
  });

  it.each([30 * 86_400, 1e9, Number.POSITIVE_INFINITY, Number.NaN])(
    "does not spin when it is asked to come back after %d s, which no timer can wait",
    async (againAfterSeconds) => {
      let runs = 0;
      const queue = createQueue({
        width: 1,
        onError: ignore,
        work: async () => (++runs < 10 ? { againAfterSeconds } : {}),
      });
      queue.add("a");
      await vi.advanceTimersByTimeAsync(3600_000);
      expect(runs).toBe(1);
      await vi.advanceTimersByTimeAsync(2 * 86_400_000);
      expect(runs).toBe(3);
    },
  );

  it("takes nothing more once it is stopped, and waits for what runs", async () => {
    let done = 0;
    const queue = createQueue({
      width: 1,
      onError: ignore,
      work: async () => {
        await work(20);
        done++;
        return { againAfterSeconds: 0.001 };
      },
    });
    queue.add("a");
    queue.add("b");
    await pass(5);
    const stopped = queue.stop().then(() => done);
    await pass(20);
    expect(await stopped).toBe(1);
    queue.add("c");
    await pass(10_000);
    expect(done).toBe(1);
  });
});
