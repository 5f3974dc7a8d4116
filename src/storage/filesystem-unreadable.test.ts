import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { filesystemStorage } from "./filesystem.ts";
import type { Storage } from "./storage.ts";
import { expectKind } from "./testing.ts";

/** What the system says when a file whose name ends in `bad` is read. Node has no name for each number. */
let refusal: { code: string; errno: number } = { code: "EIO", errno: -5 };
vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs/promises")>();
  return {
    ...original,
    async open(path: string, flags: string) {
      const file = await original.open(path, flags);
      const read = file.read.bind(file) as (...rest: unknown[]) => unknown;
      const refuse = () => Promise.reject(Object.assign(new Error("read"), refusal));
      return Object.assign(file, { read: path.endsWith("bad") ? refuse : read });
    },
  };
});

let scratch: Scratch;
let storage: Storage;
let count = 0;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());
beforeEach(async () => {
  storage = filesystemStorage(scratch.path(`store-${count++}`));
  for (const key of ["1bad", "data/2bad", "good"]) await storage.put(key, Buffer.from("content"));
});

test.each([
  ["EIO", "EIO", -5],
  ["EUCLEAN", "Unknown system error -117", -117],
  ["EBADMSG", "Unknown system error -74", -74],
])("an object on a bad sector is told from a store that fails: %s", async (name, code, errno) => {
  refusal = { code, errno };
  await expectKind(storage.get("1bad"), "Unreadable");
  await expect(storage.get("1bad", { offset: 1, length: 2 })).rejects.toThrow(new RegExp(`1bad: the .*${name}`));
  expect((await storage.get("good")).toString()).toBe("content");
});

test("what says nothing of one object stays what it is", async () => {
  refusal = { code: "ETIMEDOUT", errno: -110 };
  await expectKind(storage.get("1bad"), "Unreachable");
});

test("a store of which nothing at all can be read has failed, until something can", async () => {
  refusal = { code: "EIO", errno: -5 };
  for (let number = 0; number < 20; number++) await storage.put(`data/${number}bad`, Buffer.from("content"));
  const kinds = async (): Promise<(string | undefined)[]> => {
    const all = Array.from({ length: 20 }, (_, number) => storage.get(`data/${number}bad`));
    return (await Promise.allSettled(all)).map((end) => (end.status === "rejected" ? end.reason.kind : undefined));
  };
  // Again and again the same one does not count as many.
  for (let time = 0; time < 20; time++) await expectKind(storage.below("data/").get("2bad"), "Unreadable");
  expect((await kinds()).filter((kind) => kind === "Failed").length).toBeGreaterThanOrEqual(3);
  await storage.get("good");
  await expectKind(storage.get("data/2bad"), "Unreadable");
});
