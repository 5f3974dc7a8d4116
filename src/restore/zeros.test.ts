import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nonZeroParts } from "./zeros.ts";

const rebuilt = (data: Buffer, offset: number): Buffer => {
  const copy = Buffer.alloc(data.length);
  for (const { start, end } of nonZeroParts(data, offset)) data.copy(copy, start, start, end);
  return copy;
};

describe("nonZeroParts", () => {
  it("leaves whole blocks of zeros out and keeps neighbours together", () => {
    const data = Buffer.alloc(5 * 4096);
    data[4096 + 7] = 1;
    data[2 * 4096] = 1;
    data[4 * 4096 + 4095] = 1;
    expect(nonZeroParts(data, 0)).toEqual([
      { start: 4096, end: 3 * 4096 },
      { start: 4 * 4096, end: 5 * 4096 },
    ]);
  });

  it("goes by the blocks of the file, not of the piece", () => {
    const data = Buffer.alloc(4096);
    data[0] = 1;
    expect(nonZeroParts(data, 4096 - 10)).toEqual([{ start: 0, end: 10 }]);
    expect(nonZeroParts(Buffer.alloc(4096), 123)).toEqual([]);
    expect(nonZeroParts(Buffer.alloc(0), 0)).toEqual([]);
  });

  it("loses nothing", () => {
    const sparse = fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(sparse, fc.nat(20_000), fc.nat(100_000), (bytes, length, offset) => {
        const data = Buffer.alloc(length);
        for (const [at, value] of bytes) if (at < length) data[at] = value;
        expect(rebuilt(data, offset).equals(data)).toBe(true);
      }),
    );
  });
});
