import { expect, test } from "vitest";
import { excludeBy } from "./excludes.ts";

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
  expect(excludeBy([pattern])(path, false)).toBe(excluded);
});

test("a slash at the end means folders only", () => {
  expect(excludeBy(["build/"])("build", true)).toBe(true);
  expect(excludeBy(["build/"])("build", false)).toBe(false);
});

test("nothing is excluded without patterns", () => {
  expect(excludeBy([])("anything", true)).toBe(false);
  expect(excludeBy(["", "/"])("anything", true)).toBe(false);
});
