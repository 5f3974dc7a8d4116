import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createMemoryPool, type MemoryPool } from "../system/memory.ts";
import { readPackBlobs, readSealedGroups, readSealedRanges } from "./blobs.ts";
import { checkRepository } from "./check.ts";
import { loadIndex } from "./load-index.ts";
import { testRepository, testSnapshot } from "./testing.ts";

/** Counts pieces that are read and not given back. */
function counting(): MemoryPool & { readonly out: () => number } {
  const pool = createMemoryPool();
  let out = 0;
  return {
    take: pool.take,
    async fill(read) {
      const bytes = await pool.fill(read);
      out++;
      return bytes;
    },
    giveBack(bytes) {
      pool.giveBack(bytes);
      out--;
    },
    out: () => out,
  };
}

/** A pack whose two blobs are far enough apart for two requests. */
async function pack() {
  const { repository } = await testRepository();
  await testSnapshot(repository, {
    a: randomBytes(200_000),
    between: randomBytes(400_000),
    c: randomBytes(100_000),
  });
  const memory = counting();
  const indexed = { ...(await loadIndex(repository)), memory };
  const all = [...indexed.index.locations()].filter(({ type }) => type === "data");
  const locations = all.filter(({ plainLength }) => plainLength !== 400_000);
  const [first] = locations;
  if (!first) throw new Error("there are two");
  return { repository: indexed, memory, id: first.pack, locations };
}

test.each(["to the end", "and stopping after the first"])("pieces are given back, reading %s", async (how) => {
  const { repository, memory, id, locations } = await pack();
  const readers = [
    readSealedRanges(repository, id, locations),
    readSealedGroups(repository, id, locations),
    readPackBlobs({ repository, pack: id, locations }),
  ];
  for (const reader of readers) {
    let seen = 0;
    for await (const _ of reader) {
      seen++;
      expect(memory.out()).toBe(1);
      if (how !== "to the end") break;
    }
    expect(seen).toBe(how === "to the end" ? 2 : 1);
    expect(memory.out()).toBe(0);
  }
});

test("a check gives back every pack", async () => {
  const { repository, memory } = await pack();
  const { problems } = await checkRepository({ repository, readData: true });
  expect(problems).toEqual([]);
  expect(memory.out()).toBe(0);
});
