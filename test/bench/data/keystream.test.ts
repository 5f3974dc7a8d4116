import { zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { keystream } from "./keystream.ts";

it("gives the same bytes for the same seed, and others for another", () => {
  expect(keystream("a").take(100)).toEqual(keystream("a").take(100));
  expect(keystream("a").take(100)).not.toEqual(keystream("b").take(100));
});

it("does not repeat itself and does not compress", () => {
  const stream = keystream("a");
  expect(stream.take(100)).not.toEqual(stream.take(100));
  expect(zstdCompressSync(stream.take(1_000_000)).length).toBeGreaterThan(999_000);
});

it("gives numbers below a limit", () => {
  const stream = keystream("a");
  const numbers = Array.from({ length: 200 }, () => stream.below(7));
  expect(new Set(numbers)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
});
