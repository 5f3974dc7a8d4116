import { expect, test } from "vitest";
import { decodeIndex } from "./index-format.ts";

const id = "ab".repeat(32);
const pack = { id, blobs: [{ id, type: "data", offset: 0, length: 132 }] };
const location = { id, type: "data", pack: id, offset: 0, length: 132, plainLength: 100, compressed: false };

test.each<[string, unknown]>([
  ["of format 1 and 2", { supersedes: [id], packs: [pack] }],
  ["of restic before 0.2, a bare list", [pack]],
])("an index %s is read", (_, document) => {
  expect([...decodeIndex(document, "index")]).toEqual([location]);
});

test.each<[string, unknown]>([
  ["null", null],
  ["an object without packs", {}],
  ["a list of something else", [[]]],
  ["a pack without blobs", { packs: [{ id }] }],
  ["a blob that lies before its pack", { packs: [{ id, blobs: [{ id, type: "data", offset: -1, length: 132 }] }] }],
])("%s is damage", (_, document) => {
  expect(() => [...decodeIndex(document, "index/1")]).toThrow(/index\/1/);
});
