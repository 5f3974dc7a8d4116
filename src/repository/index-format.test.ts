import { describe, expect, test } from "vitest";
import { decodeIndex, encodeIndex, type IndexedPack } from "./index-format.ts";

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

const owned: IndexedPack = {
  id: "a".repeat(64),
  entries: [{ id: "b".repeat(64), type: "data", offset: 0, length: 132, plainLength: 100, compressed: false }],
};
const ownersIn = (document: unknown) => [...decodeIndex(document, "test")].map(({ owner }) => owner);
const withField = (value: unknown) => {
  const { packs } = encodeIndex([owned]) as { packs: object[] };
  return { packs: packs.map((each) => ({ ...each, holdfast_owner: value })) };
};

describe("the owner of a pack", () => {
  test("is read back, and absent where nobody knows it", () => {
    expect(ownersIn(encodeIndex([{ ...owned, owner: "full" }, owned]))).toEqual(["full", undefined]);
  });

  test("is no field at all where nobody knows it, as restic writes it", () => {
    expect(JSON.stringify(encodeIndex([owned]))).not.toContain("owner");
  });

  test.each([[1], [""], ["Not An Id"], ["x".repeat(65)], [{}], [null]])(
    "is unknown, and the index good, where it is %o",
    (value) => {
      expect(ownersIn(withField(value))).toEqual([undefined]);
    },
  );
});
