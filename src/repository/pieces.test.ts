import { expect, it } from "vitest";
import { divide, pieceOf } from "./pieces.ts";
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
