import { expect, it } from "vitest";
import { divide, partsOf, pieceOf } from "./pieces.ts";
import type { BlobLocation } from "./types.ts";

/** Blobs one after the other, with these plain lengths; each is stored in ten bytes. */
const blobs = (...plainLengths: readonly number[]): BlobLocation[] =>
  plainLengths.map((plainLength, number) => ({
    id: `${number}`,
    type: "data",
    pack: "pack",
    offset: 100 + number * 10,
    length: 10,
    plainLength,
    compressed: true,
  }));

it.each([
  [[], []],
  [[500], [[500]]],
  [
    [40, 60, 1, 99],
    [
      [40, 60],
      [1, 99],
    ],
  ],
  [
    [101, 1, 200, 100],
    [[101], [1], [200], [100]],
  ],
  [[0, 0, 100, 0], [[0, 0, 100, 0]]],
])("divides %j", (plainLengths, expected) => {
  const pieces = divide(blobs(...plainLengths), 100);
  expect(pieces.map((piece) => piece.map(({ plainLength }) => plainLength))).toEqual(expected);
});

it("divides by something else than plain bytes", () => {
  const pieces = divide(blobs(1000, 1, 2, 3, 0), 4, ({ plainLength }) => (plainLength === 1000 ? 1 : plainLength));
  expect(pieces.map((piece) => piece.map(({ plainLength }) => plainLength))).toEqual([
    [1000, 1, 2],
    [3, 0],
  ]);
});

it("takes the bytes of a piece, and no more than there are", () => {
  const all = blobs(1, 2, 3, 4);
  const bytes = Buffer.from(Array.from({ length: 40 }, (_, number) => number));
  expect(pieceOf(bytes, 100, all.slice(1, 3))).toEqual({ bytes: bytes.subarray(10, 30), start: 110 });
  expect(pieceOf(bytes.subarray(0, 25), 100, all.slice(1, 3)).bytes).toHaveLength(15);
  expect(pieceOf(bytes.subarray(0, 5), 100, all.slice(1, 3)).bytes).toHaveLength(0);
});

/** Blobs at these places, each «offset+length». */
const blobsAt = (places: string): BlobLocation[] =>
  (places.match(/\d+\+\d+/g) ?? []).map((place) => {
    const [offset = 0, length = 0] = place.split("+").map(Number);
    return { id: "", type: "data", pack: "pack", offset, length, plainLength: 1, compressed: true };
  });

// Of a pack of 300 bytes, in parts of 100: «offset+length:blobs».
it.each([
  ["nothing that the index knows", "", "0+300:0"],
  ["one blob and a header", "0+280", "0+300:1"],
  ["as many blobs as have room, in any order", "60+40 100+50 0+30 30+30 150+60 210+40", "0+100:3 100+50:1 150+150:2"],
  ["a blob that is longer", "0+10 10+200 210+10", "0+10:1 10+200:1 210+90:1"],
  ["a part that is nobody's", "0+10 200+10", "0+200:1 200+100:1"],
  ["a part in front that is nobody's", "200+10", "0+200:0 200+100:1"],
  ["the same blob twice", "0+90 0+90 90+90 90+90", "0+90:2 90+210:2"],
  ["blobs that overlap", "0+90 80+90 160+90 250+10", "0+250:3 250+50:1"],
  ["blobs beyond the end", "0+90 290+90 400+90", "0+290:1 290+10:2"],
])("takes all of a pack in parts: %s", (_, places, expected) => {
  const blobs = blobsAt(places);
  const parts = partsOf(blobs, 300, 100);
  expect(parts.map(({ range, blobs: inPart }) => `${range.offset}+${range.length}:${inPart.length}`).join(" ")).toBe(
    expected,
  );
  expect(parts.flatMap((part) => part.blobs)).toEqual(blobs.toSorted((a, b) => a.offset - b.offset));
});
