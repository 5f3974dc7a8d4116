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

/** A pack with blobs of these lengths, and the ranges in which it is read. */
async function rangesOf(lengths: readonly number[], cutTo?: number) {
  const { repository, objects } = await testRepository();
  await testSnapshot(repository, Object.fromEntries(lengths.map((length, at) => [`${at}`, randomBytes(length)])));
  const { index } = await loadIndex(repository);
  const locations = [...index.locations()].filter(({ type }) => type === "data");
  const id = locations[0]?.pack ?? "";
  const key = [...objects.keys()].find((each) => each.endsWith(id)) ?? "";
  if (cutTo !== undefined) objects.set(key, (objects.get(key) as Buffer).subarray(0, cutTo));
  const ranges: (readonly [blobs: number, isRead: boolean])[] = [];
  for await (const { locations: found, bytes } of readSealedRanges(repository, id, locations)) {
    if (bytes)
      for (const location of found) expect(location.offset + location.length).toBeLessThanOrEqual(cutTo ?? 2 ** 30);
    ranges.push([found.length, bytes !== undefined]);
  }
  return ranges;
}

const MiB = 1024 * 1024;
/** Of a blob that does not compress, in a pack. */
const seal = 32;

test.each<[string, readonly number[], number | undefined, readonly (readonly [number, boolean])[]]>([
  ["in one piece up to 6 MiB", [3 * MiB - seal, 3 * MiB - seal], undefined, [[2, true]]],
  [
    "in two beyond that",
    [3 * MiB - seal, 3 * MiB - seal + 1],
    undefined,
    [
      [1, true],
      [1, true],
    ],
  ],
  [
    "with a blob that is longer by itself",
    [7 * MiB, 1000],
    undefined,
    [
      [1, true],
      [1, true],
    ],
  ],
  [
    "up to where it was cut off",
    [4 * MiB, 1 * MiB, 4 * MiB, 1 * MiB],
    9 * MiB,
    [
      [2, true],
      [2, false],
    ],
  ],
])("a pack is read %s", async (_, lengths, cutTo, expected) => {
  expect(await rangesOf(lengths, cutTo)).toEqual(expected);
});

test("a check gives back every pack", async () => {
  const { repository, memory } = await pack();
  const { problems } = await checkRepository({ repository, readData: true });
  expect(problems).toEqual([]);
  expect(memory.out()).toBe(0);
});
