import { expect, test } from "vitest";
import { globOf } from "./globs.ts";

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
