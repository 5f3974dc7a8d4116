import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { idOf } from "../repository/crypto.ts";
import { fileNode } from "../repository/testing.ts";
import { memoryStorage } from "../storage/memory.ts";
import { withBadSector } from "../storage/testing.ts";
import { partBytes } from "./layout.ts";
import { mirrorRestorable } from "./restorable.ts";

const key = "files/large";
const content = randomBytes(7 * partBytes + 100);
const parts = Array.from({ length: 8 }, (_, at) => content.subarray(at * partBytes, (at + 1) * partBytes));
const node = fileNode("large", parts.map(idOf), content.length);

/** By part: whether it came, or the reason why not. */
async function read(change: (bytes: Buffer) => Buffer, badAt?: number): Promise<string[]> {
  const memory = memoryStorage(new Map([[key, change(Buffer.from(content))]]));
  const storage = badAt === undefined ? memory : withBadSector(memory, key, badAt);
  const trees = { read: () => Promise.reject(new Error("no folder is asked for")) };
  const mirror = mirrorRestorable(storage, trees, "Manifest", () => key);
  const located = mirror.locate({ name: Buffer.alloc(0), parent: undefined }, node);
  if ("damage" in located) throw new Error(located.damage);
  const ends: string[] = [];
  for await (const part of mirror.readParts(key, located.parts))
    ends.push("error" in part ? part.error.reason : "came");
  return ends;
}

const came = (count: number): string[] => Array.from({ length: count }, () => "came");
const flipped = (bytes: Buffer): Buffer => {
  bytes[2 * partBytes] = (bytes[2 * partBytes] ?? 0) ^ 1;
  return bytes;
};

test("a part that was changed is an error, and the others come", async () => {
  expect(await read((bytes) => bytes)).toEqual(came(8));
  expect(await read(flipped)).toEqual([...came(2), "RepositoryDamaged", ...came(5)]);
  expect(await read((bytes) => bytes.subarray(0, 10))).toContain("RepositoryDamaged");
});

test("a part that cannot be read is not called damaged, and what is read with other requests comes", async () => {
  const ends = await read(flipped, content.length - 1);
  expect(ends.at(-1)).toBe("ObjectUnreadable");
  expect(ends.slice(0, 3)).toEqual(["came", "came", "RepositoryDamaged"]);
});
