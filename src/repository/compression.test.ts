import { randomBytes } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compress, decompress } from "./compression.ts";

const words = (length: number) => Buffer.alloc(length, "some words, ");

describe("Compression", () => {
  it.each([0, 1, 5000, 17 * 1024 * 1024])("of %d bytes is undone", (length) => {
    const packed = compress(words(length));
    expect(decompress(packed, length).equals(words(length))).toBe(true);
  });

  it("gives results that later calls leave alone", () => {
    const packed = compress(words(5000));
    compress(Buffer.alloc(5000, "other words"));
    expect(decompress(packed, 5000).equals(words(5000))).toBe(true);
  });

  it("also of two frames, one after the other", () => {
    const frames = Buffer.concat([zstdCompressSync(words(1000)), zstdCompressSync(words(500))]);
    expect(decompress(frames, 1500)).toHaveLength(1500);
  });

  it.each([1, 4999, 20 * 1024 * 1024])("never unpacks more than it may: %d bytes", (maximum) => {
    expect(() => decompress(zstdCompressSync(words(maximum + 1)), maximum)).toThrow(/larger than/);
  });

  it("throws on damage", () => {
    const packed = compress(randomBytes(1000));
    expect(() => decompress(packed.subarray(0, 500), 1000)).toThrow();
    expect(() => decompress(randomBytes(100), 1000)).toThrow();
  });
});
