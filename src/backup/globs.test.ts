import { describe, expect, test } from "vitest";
import { globOf } from "./globs.ts";
import { selectionBy } from "./selection.ts";

test.each<[pattern: string, path: string, excluded: boolean]>([
  ["cache", "cache", true],
  ["cache", "deep/below/cache", true],
  ["cache", "cached", false],
  ["*.tmp", "a.tmp", true],
  ["*.tmp", "deep/.hidden.tmp", true],
  ["*.tmp", "a.tmp.txt", false],
  ["/top", "top", true],
  ["/top", "below/top", false],
  ["logs/*.gz", "logs/1.gz", true],
  ["logs/*.gz", "var/logs/1.gz", true],
  ["logs/*.gz", "logs/old/1.gz", false],
  ["logs/**/*.gz", "logs/old/1.gz", true],
  ["/a/**", "a/b/c", true],
  ["file.?", "file.c", true],
  ["file.[ch]", "file.h", true],
  ["file.[ch]", "file.o", false],
  ["{a,b}.txt", "b.txt", true],
  ["!keep", "keep", false],
  ["with space", "with space", true],
])("%s for %s: %s", (pattern, path, excluded) => {
  expect(globOf(pattern).matches(path, false)).toBe(excluded);
});

describe.each(["\n", "\r", "\u2028", "\u2029"])("a name that holds %j", (end) => {
  test.each<[pattern: string, path: string, expected: boolean]>([
    ["photos/**", `photos/a${end}b/c.jpg`, true],
    ["photos/**", `photos/a${end}b`, true],
    ["/photos/**/*.jpg", `photos/x/a${end}b/y/c.jpg`, true],
    ["*.jpg", `a${end}b/c.jpg`, true],
    ["*.jpg", `a/b${end}.jpg`, true],
    ["c.jpg", `a${end}b/c.jpg`, true],
    ["a?b/", `x${end}y/a${end}b`, true],
    ["a", `a${end}`, false],
    ["a", `b${end}a`, false],
    ["/photos/**", `other${end}/photos/c.jpg`, false],
  ])("%s for %j: %s", (pattern, path, expected) => {
    expect(globOf(pattern).matches(path, true)).toBe(expected);
  });

  test("may have something below it", () => {
    expect(globOf("/*/c").mayMatchBelow(`a${end}b`)).toBe(true);
    expect(globOf("/a*b/**/c").mayMatchBelow(`a${end}b/x${end}/y`)).toBe(true);
  });

  test("is included and excluded like any other", () => {
    const folder = { name: Buffer.from("c.jpg"), relative: `photos/a${end}b/c.jpg`, isFolder: false, size: 1 };
    const within = { part: { isWhole: false }, markers: [] };
    const included = selectionBy({ excludes: [], includes: ["photos/**"] });
    expect(included.judge(folder, within).leftOutBy).toBeUndefined();
    const excluded = selectionBy({ excludes: ["photos/**/*.jpg"] });
    expect(excluded.judge(folder, within).leftOutBy).toBe("photos/**/*.jpg");
  });
});

test("a slash at the end means folders only", () => {
  expect(globOf("build/").matches("build", true)).toBe(true);
  expect(globOf("build/").matches("build", false)).toBe(false);
});

test.each(["", "/", "//"])("«%s» names nothing, and is refused", (pattern) => {
  expect(() => globOf(pattern)).toThrow("names nothing");
});

test.each<[pattern: string, folder: string, may: boolean]>([
  ["/a/b/c", "a", true],
  ["/a/b/c", "a/b", true],
  ["/a/b/c", "b", false],
  ["/a/b/c", "a/b/c", false],
  ["/a/*/c", "a/x", true],
  ["/a/**/c", "a/x/y", true],
  ["/a/**/c", "b/x", false],
  ["c", "anywhere/at/all", true],
  ["/{a/b,c}/d", "a", true],
])("below a folder %s may match: %s: %s", (pattern, folder, may) => {
  expect(globOf(pattern).mayMatchBelow(folder)).toBe(may);
});
