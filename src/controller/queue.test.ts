import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createQueue } from "./queue.ts";

const ignore = () => undefined;

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
        await sleep(20);
        inside--;
        return {};
      },
    });
    queue.add("a");
    await sleep(5);
    queue.add("a");
    queue.add("a");
    await sleep(80);
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
        await sleep(10);
        inside--;
        return {};
      },
    });
    for (const key of ["a", "b", "c", "d", "e"]) queue.add(key);
    await sleep(60);
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
        starts.push(performance.now());
        if (failing.shift()) throw new Error("not yet");
        return {};
      },
    });
    queue.add("a");
    await sleep(250);
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(errors.length).toBe(3);
    expect(gaps.length).toBe(3);
    expect(gaps[0]).toBeGreaterThanOrEqual(19);
    expect(gaps[1]).toBeGreaterThanOrEqual(39);
    expect(gaps[2]).toBeGreaterThanOrEqual(49);
  });

  it("comes back after the time asked for, and at once when something changes before", async () => {
    let runs = 0;
    const queue = createQueue({
      width: 1,
      onError: ignore,
      work: async () => (++runs < 3 ? { againAfterSeconds: runs === 1 ? 0.03 : 60 } : {}),
    });
    queue.add("a");
    await sleep(80);
    expect(runs).toBe(2);
    queue.add("a");
    await sleep(10);
    expect(runs).toBe(3);
  });

  it("takes nothing more once it is stopped, and waits for what runs", async () => {
    let done = 0;
    const queue = createQueue({
      width: 1,
      onError: ignore,
      work: async () => {
        await sleep(20);
        done++;
        return { againAfterSeconds: 0.001 };
      },
    });
    queue.add("a");
    queue.add("b");
    await sleep(5);
    await queue.stop();
    queue.add("c");
    await sleep(50);
    expect(done).toBe(1);
  });
});
