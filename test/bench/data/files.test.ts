import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeScratch, type Scratch } from "../../support/scratch.ts";
import { copyWithin, filesBelow, middleFile, overwriteHundredth } from "./files.ts";

let scratch: Scratch;
let folder: string;
beforeEach(() => {
  scratch = makeScratch();
  folder = scratch.path("files");
  mkdirSync(`${folder}/b/c`, { recursive: true });
  for (const name of ["z", "b/c/y", "b/x", "a"]) writeFileSync(`${folder}/${name}`, Buffer.alloc(10, name));
});
afterEach(() => scratch.remove());

it("finds files in the order of their paths, but for those it is to skip", () => {
  const found = (skip?: (path: string) => boolean) =>
    [...filesBelow(folder, skip)].map((path) => path.slice(folder.length));
  expect(found()).toEqual(["/a", "/b/c/y", "/b/x", "/z"]);
  expect(found((path) => path.endsWith("/c"))).toEqual(["/a", "/b/x", "/z"]);
  expect(middleFile(folder)).toBe("b/x");
});

it.each([
  [{ files: 2, bytes: 1000 }, ["/a", "/b/c/y"]],
  [{ files: 9, bytes: 39 }, ["/a", "/b/c/y", "/b/x"]],
  [{ files: 9, bytes: 40 }, ["/a", "/b/c/y", "/b/x", "/z"]],
])("copies no more than %j", (bounds, expected) => {
  const target = scratch.path("copy");
  const copied = copyWithin(filesBelow(folder), folder, target, bounds);
  expect([...filesBelow(target)].map((path) => path.slice(target.length))).toEqual(expected);
  expect(copied).toEqual({ files: expected.length, bytes: expected.length * 10 });
});

it.each([
  [100, 65_536],
  [1, 65_536],
])("changes about a hundredth of a file of %d extents, in the same way for the same seed", (extents, most) => {
  const before = Buffer.alloc(extents * 65_536);
  const [one, two] = ["one", "two"].map((name) => scratch.path(name));
  for (const path of [one, two]) {
    writeFileSync(path ?? "", before);
    overwriteHundredth(path ?? "", "seed");
  }
  const after = readFileSync(one ?? "");
  expect(after.equals(readFileSync(two ?? ""))).toBe(true);
  const changed = after.reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0);
  expect(changed).toBeGreaterThan(most * 0.9);
  expect(changed).toBeLessThanOrEqual(most);
});
