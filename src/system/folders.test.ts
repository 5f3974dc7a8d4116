import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { type Folder, openFolders } from "./folders.ts";

let scratch: Scratch;
let count = 0;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

function newTarget(): string {
  const target = scratch.path(`target-${count++}`);
  mkdirSync(target);
  return target;
}

const root: Folder = { name: Buffer.alloc(0), parent: undefined };
const below = (parent: Folder, name: string): Folder => ({ name: Buffer.from(name), parent });

describe("openFolders", () => {
  it("reaches folders whose path is longer than any path may be, and leaves no descriptor open", () => {
    const before = readdirSync("/proc/self/fd").length;
    const folders = openFolders(newTarget());
    const chain: Folder[] = [root];
    for (let depth = 0; depth < 600; depth++) {
      const parent = chain.at(-1) ?? root;
      const folder = below(parent, `a folder at depth ${depth}`);
      mkdirSync(folders.entry(parent, folder.name));
      chain.push(folder);
    }
    const deepest = chain.at(-1) ?? root;
    writeFileSync(folders.entry(deepest, Buffer.from("file")), "x");
    // All of them again, from both ends, so that what was closed meanwhile is opened anew.
    for (const folder of [...chain, ...chain.reverse()]) folders.descriptor(folder);
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 300);
    expect(readdirSync(folders.entry(deepest, Buffer.from(".")))).toEqual(["file"]);
    folders.close();
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("keeps a folder open while a path in it is held, whatever else is opened", () => {
    const target = newTarget();
    const before = readdirSync("/proc/self/fd").length;
    const folders = openFolders(target);
    const many = Array.from({ length: 400 }, (_, number) => below(root, `${number}`));
    for (const { name } of many) mkdirSync(join(target, name.toString()));
    const [first] = many;
    if (!first) throw new Error("there are some");
    const paths = ["a", "b"].map((name) => folders.hold(first, Buffer.from(name)));
    for (const folder of many) folders.descriptor(folder);
    for (const [number, { path, release }] of paths.entries()) {
      writeFileSync(path, `${number}`);
      release();
      for (const folder of many.slice(1)) folders.descriptor(folder);
    }
    expect(readdirSync(join(target, "0"))).toEqual(["a", "b"]);
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 300);
    folders.close();
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("does not follow a link that somebody puts in a folder's place", () => {
    const target = newTarget();
    const outside = newTarget();
    const folders = openFolders(target);
    mkdirSync(join(target, "a"));
    symlinkSync(outside, join(target, "b"));
    expect(() => folders.entry(below(root, "b"), Buffer.from("file"))).toThrow(/ENOTDIR|ELOOP/);

    // A folder that is open stays the same one, wherever it is moved to and whatever takes its name.
    const path = folders.entry(below(root, "a"), Buffer.from("file"));
    renameSync(join(target, "a"), join(target, "moved"));
    symlinkSync(outside, join(target, "a"));
    writeFileSync(path, "x");
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(join(target, "moved"))).toEqual(["file"]);
    folders.close();
  });
});
