import { expect, test } from "vitest";
import { fileNode } from "../repository/testing.ts";
import { keyFor, layout, objectOf, stagedKey, withObject } from "./layout.ts";

const longName = "n".repeat(200);

test.each([
  ["a name", "file"],
  ["folders", "a/b/c"],
  ["spaces, quotes and globs", " /quote\"s 'and' `more`/*?[glob]"],
  ["characters beyond ASCII", "naïve ☃ 🏴/<&>\u2028"],
  ["names that begin with a dot", ".holdfast/state"],
  ["a name as long as is sure", longName],
])("%s are a key as they are", (_, path) => {
  expect(keyFor(Buffer.from(path))).toBe(`files/${path}`);
});

test.each([
  ["is not UTF-8", Buffer.from("not\xff\xfeutf8", "latin1")],
  ["has a newline", Buffer.from("a\nb")],
  ["has another control character", Buffer.from("folder/a\u0085b")],
  ["has what XML cannot say", Buffer.from("a\uffffb")],
  ["has a name that is too long for a file system", Buffer.from(`folder/${longName}n`)],
  ["is too long for S3", Buffer.from(`${"folder/".repeat(100)}f`)],
  ["looks like a file that is being written", Buffer.from(".x.holdfast-tmp/file")],
])("a path that %s is kept by its hash, and its node says so", (_, path) => {
  const key = keyFor(path);
  expect(key).toMatch(/^\.holdfast\/awkward\/[0-9a-f]{64}$/);
  const node = withObject(fileNode("f", [], 0), path);
  expect(node.unknown).toEqual({ object: key });
  expect(objectOf(node, path)).toBe(key);
});

test("a node cannot lead to anything but files", () => {
  const node = { ...fileNode("f", [], 0), unknown: { object: ".holdfast/state" } };
  expect(objectOf(node, Buffer.from("f"))).toBe("files/f");
});

test("staged files never take each other's place", () => {
  const keys = ["a", "a/b", "b/a"].map((path) => stagedKey("0123", Buffer.from(path)));
  expect(new Set(keys).size).toBe(3);
  expect(keys.every((key) => key.startsWith(`${layout.staging}0123/`))).toBe(true);
});
