import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { makeFolders } from "./make-folders.ts";

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

describe("makeFolders", () => {
  it("makes those above, too, and says which was the first", async () => {
    const first = scratch.path("first");
    expect(await makeFolders(`${first}/second/third`, 0o700)).toBe(first);
    expect(statSync(`${first}/second/third`).mode & 0o777).toBe(0o700);
    expect(await makeFolders(`${first}/second/third`)).toBeUndefined();
  });

  it("fails where a file is in the way", async () => {
    const folder = scratch.path("with-file");
    mkdirSync(folder);
    execFileSync("touch", [`${folder}/file`]);
    await expect(makeFolders(`${folder}/file/below`)).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it.skipIf(process.getuid?.() !== 0)("says of a read-only file system that it is one", async () => {
    const mounted = scratch.path("read-only");
    mkdirSync(mounted);
    execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", mounted]);
    try {
      await expect(makeFolders(`${mounted}/a/b`)).rejects.toMatchObject({ code: "EROFS" });
    } finally {
      execFileSync("umount", [mounted]);
    }
  });
});
