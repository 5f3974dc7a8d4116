import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createBlobIndex } from "./blob-index.ts";
import { groupByPack } from "./group-by-pack.ts";
import type { BlobLocation } from "./types.ts";

const idOf = (number: number): string => createHash("sha256").update(String(number)).digest("hex");

const location = fc.record<BlobLocation>({
  id: fc.nat(50).map(idOf),
  type: fc.constantFrom("data", "tree"),
  pack: fc.nat(5).map((number) => idOf(1000 + number)),
  offset: fc.nat(0xffff_ffff),
  length: fc.integer({ min: 32, max: 0xffff_ffff }),
  plainLength: fc.nat(0x3fff_ffff),
  compressed: fc.boolean(),
});

test("finds what was added, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(location, { maxLength: 100 }), (locations) => {
      const index = createBlobIndex();
      for (const each of locations) index.add(each);
      expect([...index.locations()]).toEqual(locations);
      expect(locations.map((_, position) => index.at(position))).toEqual(locations);
      for (const type of ["data", "tree"] as const) {
        for (let number = 0; number <= 50; number++) {
          const id = idOf(number);
          const expected = locations.filter((each) => each.id === id && each.type === type);
          expect(index.findAll(id, type)).toEqual(expected);
          expect(index.find(id, type)).toEqual(expected[0]);
          expect(index.has(id, type)).toBe(expected.length > 0);
        }
      }
      const first = (each: BlobLocation) => index.find(each.id, each.type);
      expect([...index.contradictions()]).toEqual(
        locations.filter((each) => each.plainLength !== first(each)?.plainLength),
      );
      const ends = (pack: string) =>
        locations.filter((each) => each.pack === pack).map((each) => each.offset + each.length);
      for (const pack of index.packs()) expect(index.packEnds().get(pack)).toBe(Math.max(...ends(pack)));
      expect([...index.packEnds().keys()]).toEqual([...index.packs()]);
      const groups = groupByPack(index);
      expect(groups.packs).toEqual([...new Set(locations.map(({ pack }) => pack))]);
      for (const pack of groups.packs)
        expect(groups.locationsOf(pack)).toEqual(locations.filter((each) => each.pack === pack));
    }),
  );
});

test("grows over its segments and its table", () => {
  const index = createBlobIndex();
  const count = 20_000;
  for (let number = 0; number < count; number++) {
    index.add({
      id: idOf(number),
      type: "data",
      pack: idOf(number % 7),
      offset: number,
      length: 100,
      plainLength: 68,
      compressed: false,
    });
  }
  expect(index.size).toBe(count);
  expect(index.find(idOf(count - 1), "data")?.offset).toBe(count - 1);
  expect(index.find(idOf(0), "data")?.offset).toBe(0);
  expect(index.has(idOf(count), "data")).toBe(false);
});

test("knows a pack's owner by whichever of two entries tells it, and looks for copies by it", () => {
  const entry = { id: idOf(1), type: "data", offset: 0, length: 100, plainLength: 68, compressed: false } as const;
  for (const owners of [["full"], ["full", undefined], [undefined, "full"]]) {
    const index = createBlobIndex();
    for (const owner of owners) index.add({ ...entry, pack: idOf(2), ...(owner && { owner }) });
    index.add({ ...entry, id: idOf(3), pack: idOf(4) });
    expect([index.ownerOf(idOf(2)), index.ownerOf(idOf(4)), index.ownerOf(idOf(5))]).toEqual([
      "full",
      undefined,
      undefined,
    ]);
    expect(index.find(idOf(1), "data")?.owner).toBe("full");
    const has = (id: string, owner: string) => index.hasOwned(id, "data", new Set([owner]));
    expect([has(idOf(1), "full"), has(idOf(1), "other"), has(idOf(3), "full")]).toEqual([true, false, false]);
  }
});

test("refuses what is no id", () => {
  expect(() => createBlobIndex().has("latest", "data")).toThrow(RangeError);
});
