import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { filesystemStorage } from "./filesystem.ts";

/** What a file system without hard links says to one. */
let refusal = "EPERM";
let isFull = false;
vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs/promises")>();
  const error = (code: string): Error => Object.assign(new Error(`${code}: link`), { code });
  return {
    ...original,
    link: () => Promise.reject(error(refusal)),
    async copyFile(source: string, target: string) {
      await original.copyFile(source, target);
      if (isFull) throw error("ENOSPC");
    },
  };
});

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

test.each(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])(
  "an object is copied where it cannot be linked: %s",
  async (code) => {
    refusal = code;
    const storage = filesystemStorage(scratch.path(code));
    await storage.put("files/a", Buffer.from("content"));
    await storage.copy("files/a", "files/b");
    expect(readFileSync(scratch.path(`${code}/files/b`), "utf8")).toBe("content");
    expect(readdirSync(scratch.path(`${code}/files`)).sort()).toEqual(["a", "b"]);
  },
);

test.each([
  ["a link that fails for another reason", "EIO", false],
  ["a copy that does not fit", "EPERM", true],
])("leaves nothing behind of %s", async (_, code, full) => {
  [refusal, isFull] = [code, full];
  const folder = `failed-${code}`;
  const storage = filesystemStorage(scratch.path(folder));
  await storage.put("files/a", Buffer.from("content"));
  await expect(storage.copy("files/a", "files/b")).rejects.toThrow();
  expect(readdirSync(scratch.path(`${folder}/files`))).toEqual(["a"]);
});
