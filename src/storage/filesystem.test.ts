import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeStorage } from "./conformance.ts";
import { filesystemStorage } from "./filesystem.ts";

let scratch: string;
let count = 0;
const freshFolder = () => join(scratch, `store-${count++}`, "repository");

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "holdfast-filesystem-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describeStorage("A folder", { fresh: async () => filesystemStorage(freshFolder()) });

describe("filesystemStorage", () => {
  it("writes plain files for their owner only, without leaving temporary ones", async () => {
    const folder = freshFolder();
    await filesystemStorage(folder).put("data/ab/abc", Buffer.from("x"));
    expect(await readdir(join(folder, "data/ab"))).toEqual(["abc"]);
    expect((await stat(join(folder, "data/ab/abc"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "data"))).mode & 0o777).toBe(0o700);
  });

  it("does not list what a killed process left half-written, and sweeps it up a day later", async () => {
    const folder = freshFolder();
    const storage = filesystemStorage(folder);
    await storage.put("index/good", Buffer.from("x"));
    const young = join(folder, "index/.young.aabbcc.holdfast-tmp");
    const old = join(folder, "index/.old.aabbcc.holdfast-tmp");
    await writeFile(young, "half");
    await writeFile(old, "half");
    await utimes(old, 0, 0);

    expect(await keys(filesystemStorage(folder))).toEqual(["index/good"]);
    expect((await readdir(join(folder, "index"))).length, "a reader changes nothing").toBe(3);
    expect(await keys(storage)).toEqual(["index/good"]);
    expect((await readdir(join(folder, "index"))).sort()).toEqual([".young.aabbcc.holdfast-tmp", "good"]);
  });

  it("leaves the old object and no rest behind when a write fails", async () => {
    const folder = freshFolder();
    const storage = filesystemStorage(folder);
    await mkdir(join(folder, "config/in-the-way"), { recursive: true });
    await expect(storage.put("config", Buffer.from("x"))).rejects.toMatchObject({ kind: "Failed" });
    expect(await readdir(folder)).toEqual(["config"]);
  });

  it("writes into a folder that others make and remove all the time, as several movers do with their locks", async () => {
    const folder = freshFolder();
    const others = ["a", "b", "c", "d"].map(async (name) => {
      for (let round = 0; round < 300; round++) {
        const storage = filesystemStorage(folder);
        await storage.put(`locks/${name}`, Buffer.from(name));
        await storage.delete(`locks/${name}`);
      }
    });
    await Promise.all(others);
    expect(await readdir(folder)).toEqual([]);
  });

  it("follows a folder that was moved elsewhere by a symbolic link", async () => {
    const folder = freshFolder();
    const elsewhere = freshFolder();
    await mkdir(elsewhere, { recursive: true });
    await mkdir(folder, { recursive: true });
    await symlink(elsewhere, join(folder, "data"));
    const storage = filesystemStorage(folder);
    await storage.put("data/ab/abc", Buffer.from("x"));
    expect(await keys(storage)).toEqual(["data/ab/abc"]);
    expect(await storage.listFolders("")).toEqual(["data"]);
  });

  it("says so when a part of the path is a file", async () => {
    const folder = freshFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "file"), "x");
    const storage = filesystemStorage(join(folder, "file"));
    await expect(storage.get("config")).rejects.toMatchObject({
      kind: "Failed",
      message: expect.stringMatching(/is a file/),
    });
    await expect(keys(storage)).rejects.toMatchObject({ kind: "Failed" });
  });

  it.skipIf(process.getuid?.() === 0)("names missing rights", async () => {
    const folder = freshFolder();
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0);
    await expect(filesystemStorage(folder).get("config")).rejects.toMatchObject({ kind: "CredentialsRejected" });
  });

  it("reports a full filesystem as Full", async () => {
    // /dev/full takes no byte: a folder of symbolic links cannot stand in for it, so the error is made there.
    const { describeFileError } = await import("./filesystem-errors.ts");
    const full = await writeFile("/dev/full", "x").catch((error: unknown) => error);
    expect(describeFileError(full, "write", "/dev/full")).toMatchObject({
      kind: "Full",
      transient: false,
      message: "Could not write /dev/full: the filesystem is full: make room or enlarge the volume (ENOSPC)",
    });
  });
});

async function keys(storage: ReturnType<typeof filesystemStorage>): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of storage.list("")) found.push(key);
  return found.sort();
}
