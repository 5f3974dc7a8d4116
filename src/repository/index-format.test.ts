import fc from "fast-check";
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

const anyId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const anyEntry = fc
  .record({
    id: anyId,
    type: fc.constantFrom("data" as const, "tree" as const),
    offset: fc.nat(0xffff_ffff),
    plainLength: fc.integer({ min: 1, max: 0x3fff_ffff }),
    compressed: fc.boolean(),
    saved: fc.nat(),
  })
  .map(({ saved, ...entry }) => ({
    ...entry,
    // A blob that is not compressed is as long as its content, and the seal.
    length: 32 + (entry.compressed ? 1 + (saved % entry.plainLength) : entry.plainLength),
  }));
const anyPack = fc.record(
  { id: anyId, owner: fc.constantFrom("full", "0123456789abcdef"), entries: fc.array(anyEntry, { maxLength: 5 }) },
  { requiredKeys: ["id", "entries"] },
);

test("reads back, through JSON, whatever it wrote", () => {
  fc.assert(
    fc.property(fc.array(anyPack, { maxLength: 5 }), (packs) => {
      const document: unknown = JSON.parse(JSON.stringify(encodeIndex(packs)));
      const expected = packs.flatMap(({ id: inPack, owner, entries }) =>
        entries.map((entry) => ({ ...entry, pack: inPack, ...(owner && { owner }) })),
      );
      expect([...decodeIndex(document, "an index")]).toEqual(expected);
    }),
  );
});
