import { describe, expect, it } from "vitest";
import { createMemoryPool, reusedMemory } from "./memory.ts";

describe("a pool of memory", () => {
  it("gives memory that nobody else has, until it is given back", () => {
    const { take, giveBack } = createMemoryPool();
    const [first, second] = [take(100_000), take(100_000)];
    expect(first).toHaveLength(100_000);
    expect(first.buffer).not.toBe(second.buffer);
    giveBack(first);
    expect(take(90_000).buffer).toBe(first.buffer);
    expect(take(90_000).buffer).not.toBe(second.buffer);
  });

  it("takes the shortest that is long enough, and keeps no more than were in use", () => {
    const { take, giveBack } = createMemoryPool();
    const [short, long] = [take(100_000), take(1_000_000)];
    giveBack(long.subarray(5, 10));
    giveBack(short);
    expect(take(70_000).buffer).toBe(short.buffer);
    const longest = take(10_000_000);
    giveBack(longest);
    expect(take(1_000_000).buffer).toBe(longest.buffer);
    expect(take(1_000_000).buffer).not.toBe(long.buffer);
  });

  it("shares nothing that is short, and takes back only what may be its own", () => {
    const { take, giveBack } = createMemoryPool();
    const short = take(1000);
    expect(short.buffer).toBeInstanceOf(ArrayBuffer);
    giveBack(short);
    giveBack(Buffer.allocUnsafeSlow(100_000));
    expect(take(100_000).buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("refuses what was given back before: two would write to the same place", () => {
    const { take, giveBack } = createMemoryPool();
    const memory = take(100_000);
    giveBack(memory);
    expect(() => giveBack(memory)).toThrow(/twice/);
  });
});

describe("filling memory of a pool", () => {
  it("gives every attempt the same, and who reads it has to give it back", async () => {
    const { fill, take, giveBack } = createMemoryPool();
    const asked: Buffer[] = [];
    const filled = await fill(async (allocate) => {
      for (const bytes of [100_000, 90_000]) asked.push(allocate(bytes));
      return asked[1] as Buffer;
    });
    expect(filled).toHaveLength(90_000);
    expect(asked[0]?.buffer).toBe(filled.buffer);
    expect(take(90_000).buffer).not.toBe(filled.buffer);
    giveBack(filled);
    expect(take(90_000).buffer).toBe(filled.buffer);
  });

  it("has it back where all attempts fail, and nothing where none was made", async () => {
    const { fill, take } = createMemoryPool();
    const failing = (buffer?: { used?: ArrayBufferLike }) =>
      fill(async (allocate) => {
        if (buffer) buffer.used = allocate(100_000).buffer;
        throw new Error("broken off");
      });
    await expect(failing()).rejects.toThrow("broken off");
    const seen: { used?: ArrayBufferLike } = {};
    await expect(failing(seen)).rejects.toThrow("broken off");
    expect(take(100_000).buffer).toBe(seen.used);
  });
});

it("reuses memory for one thing at a time", () => {
  const take = reusedMemory();
  const first = take(1000);
  expect(take(500).buffer).toBe(first.buffer);
  expect(take(2000)).toHaveLength(2000);
});
