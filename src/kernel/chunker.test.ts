import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunkMaximum, chunkMinimum, createChunker } from "./chunker.ts";
import { isZero } from "./zeros.ts";

const KiB = 1024;
const capacity = 48 * 1024 * KiB;
const chunker = createChunker(capacity);

/** Bytes that look random and are the same every time. */
function noise(length: number, seed: string): Buffer {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

function cutsOf(content: Buffer): number[] {
  chunker.buffer.set(content);
  const cuts: number[] = [];
  for (let at = 0; at < content.length; ) {
    at += chunker.cut(at, content.length - at);
    cuts.push(at);
  }
  return cuts;
}

const lengthsOf = (cuts: readonly number[]): number[] => cuts.map((cut, at) => cut - (cuts[at - 1] ?? 0));
const content = noise(40 * 1024 * 1024, "holdfast");

describe("cut", () => {
  test("keeps chunks within their bounds, and about half a MiB on average", () => {
    const lengths = lengthsOf(cutsOf(content)).slice(0, -1);
    expect(Math.min(...lengths)).toBeGreaterThan(chunkMinimum);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(chunkMaximum);
    const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    expect(average).toBeGreaterThan(0.45 * 1024 * 1024);
    expect(average).toBeLessThan(0.62 * 1024 * 1024);
  });

  test("finds the same places for ever: other ones would store every volume anew", () => {
    expect(cutsOf(content.subarray(0, 5 * 1024 * 1024))).toEqual([
      482_942, 762_670, 1_226_465, 1_726_691, 2_185_220, 2_756_981, 3_306_022, 3_701_841, 3_986_319, 4_850_514,
      5_139_181, 5_242_880,
    ]);
  });

  test("finds the same places for ever among zeros and pages, too", () => {
    const holed = Buffer.alloc(24 * 1024 * KiB);
    const put = (at: number, length: number) => noise(length, `${at}`).copy(holed, at * KiB);
    const stretches: Readonly<Record<number, number>> = { 0: 300, 2000: 64, 3000: 1500, 13000: 700, 23900: 100 };
    for (const [at, length] of Object.entries(stretches)) put(Number(at), length * KiB);
    for (let page = 14_000; page < 16_000; page += 8) put(page, 8000);
    expect(cutsOf(holed)).toEqual([
      393_216, 1_441_792, 1_966_080, 2_228_224, 2_752_512, 3_014_656, 3_615_622, 3_987_052, 4_305_119, 4_698_335,
      13_086_943, 13_652_126, 14_110_878, 14_606_965, 15_068_545, 15_597_439, 15_909_456, 16_181_492, 16_509_172,
      20_703_476, 22_800_628, 23_849_204, 24_373_492, 24_701_172, 25_165_824,
    ]);
  });

  test("finds its way back after an insertion", () => {
    const shifted = cutsOf(Buffer.concat([Buffer.from("inserted"), content]));
    const original = new Set(cutsOf(content).map((cut) => cut + "inserted".length));
    expect(shifted.slice(3).filter((cut) => !original.has(cut))).toEqual([]);
  });

  test("decides by the 64 bytes before a place and its distance from the chunk's beginning alone", () => {
    const [first = 0] = cutsOf(content);
    const changed = Buffer.from(content.subarray(0, first + chunkMinimum));
    noise(first - 64, "without a cut").copy(changed);
    expect(cutsOf(changed).includes(first)).toBe(true);
    changed[first - 50] = (changed[first - 50] ?? 0) ^ 0xff;
    expect(cutsOf(changed).includes(first)).toBe(false);
  });

  test("cuts bytes without a pattern at the maximum", () => {
    expect(lengthsOf(cutsOf(Buffer.alloc(20 * 1024 * 1024)))).toEqual([chunkMaximum, chunkMaximum, 4 * 1024 * 1024]);
  });

  test("ends a chunk behind its normal length where some zeros have begun, as at the end of a database's page", () => {
    const end = Buffer.concat([Buffer.of(1), Buffer.alloc(100)]);
    const pageOf = (_: unknown, number: number) => Buffer.concat([noise(8 * KiB - end.length, `${number}`), end]);
    const cuts = cutsOf(Buffer.concat(Array.from({ length: 1280 }, pageOf)));
    const behindNormal = cuts.slice(0, -1).filter((cut, at) => cut - (cuts[at - 1] ?? 0) > 512 * KiB);
    expect(behindNormal.length).toBeGreaterThan(5);
    for (const cut of behindNormal) expect(Math.abs((cut % (8 * KiB)) - (8 * KiB - 100 + 62))).toBeLessThanOrEqual(2);
    expect(Math.max(...lengthsOf(cuts))).toBeLessThanOrEqual(520 * KiB);
  });

  test("cuts zeros into a few lengths only, whatever lies between them and wherever", () => {
    const known = new Set([256, 512, 1024, 2048, 4096, 8192].map((length) => length * KiB));
    const holed = Buffer.alloc(40 * 1024 * KiB);
    for (const at of [3_000_000, 9_123_456, 9_200_000, 25_000_001, 39_999_999])
      noise(64 * KiB, `${at}`).copy(holed, at);
    const cuts = cutsOf(holed);
    let others = 0;
    for (const [number, cut] of cuts.entries()) {
      const chunk = holed.subarray(cuts[number - 1] ?? 0, cut);
      if (cut === holed.length) break;
      if (chunk.every((byte) => byte === 0)) expect(known).toContain(chunk.length);
      else others += chunk.length;
    }
    expect(others).toBeLessThan(5 * 2 * (512 + 2 * 64) * KiB);
  });

  test("keeps the zeros at the end of a file together, and cuts data before them", () => {
    expect(lengthsOf(cutsOf(Buffer.alloc(3_333_333)))).toEqual([3_333_333]);
    const some = Buffer.alloc(3_333_333);
    noise(300 * KiB, "some").copy(some);
    const [first = 0, second] = cutsOf(some);
    expect([first % (64 * KiB), second]).toEqual([0, 3_333_333]);
    expect(first).toBeGreaterThan(300 * KiB);
    expect(first).toBeLessThanOrEqual((300 + 2 * 64) * KiB);
  });

  test("takes what is shorter than a chunk as one", () => {
    chunker.buffer.set(content.subarray(0, chunkMinimum));
    expect(chunker.cut(0, chunkMinimum)).toBe(chunkMinimum);
    expect(chunker.cut(5, 1)).toBe(1);
  });

  test("refuses to look outside of its buffer", () => {
    expect(() => chunker.cut(1, capacity)).toThrow(RangeError);
    expect(() => createChunker(chunkMaximum - 1)).toThrow(RangeError);
  });
});

/** Stretches of noise, of one byte, and of a short pattern, up to some 20 MiB in all. */
const stretches = fc.array(
  fc.record({
    kind: fc.constantFrom("noise", "byte", "pattern"),
    seed: fc.nat(),
    length: fc.integer({ min: 1, max: 5 * 1024 * 1024 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Zeros whose last chunk is exactly as long as the shortest, and one byte more. */
const zerosAndMore = [
  { kind: "byte", seed: 0, length: 11 * chunkMinimum },
  { kind: "noise", seed: 0, length: 1 },
];

function contentFrom({ kind, seed, length }: { kind: string; seed: number; length: number }): Buffer {
  if (kind === "noise") return noise(length, String(seed));
  return Buffer.alloc(length, kind === "byte" ? Buffer.of(seed & 0xff) : noise(100, String(seed)));
}

describe("whatever the content,", () => {
  test("the chunks are within their bounds, add up to it, and are the same in any part of the buffer", () => {
    fc.assert(
      fc.property(stretches, fc.integer({ min: 0, max: 1024 * 1024 }), (parts, offset) => {
        const whole = Buffer.concat(parts.map(contentFrom));
        const cuts = cutsOf(whole);
        const lengths = lengthsOf(cuts);
        expect(cuts.at(-1)).toBe(whole.length);
        expect(lengths.every((length) => length > 0 && length <= chunkMaximum)).toBe(true);
        // As long as the shortest is only what comes in front of a chunk as zeros.
        const isAllowed = (length: number, number: number): boolean =>
          length > chunkMinimum ||
          (length === chunkMinimum && isZero(whole.subarray((cuts[number] ?? 0) - length, cuts[number])));
        expect(lengths.slice(0, -1).every(isAllowed)).toBe(true);

        chunker.buffer.set(whole, offset);
        const moved: number[] = [];
        for (let at = 0; at < whole.length; ) {
          at += chunker.cut(offset + at, whole.length - at);
          moved.push(at);
        }
        expect(moved).toEqual(cuts);
      }),
      { numRuns: 15, examples: [[zerosAndMore, 0]] },
    );
  });

  test("a chunk's end is the same however little is there to find it in, or is not told", () => {
    fc.assert(
      fc.property(stretches, fc.integer({ min: 100_000, max: 3 * 1024 * 1024 }), (parts, step) => {
        const whole = Buffer.concat(parts.map(contentFrom));
        const cuts = cutsOf(whole);
        const found: number[] = [];
        let at = 0;
        for (let available = 0; at < whole.length; available += step) {
          const isRest = at + available >= whole.length;
          const length = chunker.cut(at, isRest ? whole.length - at : available, isRest);
          if (length === 0) {
            expect(isRest || available >= chunkMaximum).toBe(false);
            continue;
          }
          at += length;
          found.push(at);
          available = 0;
        }
        expect(found).toEqual(cuts);
      }),
      { numRuns: 40 },
    );
  });

  test("a chunk depends on nothing that comes before it", () => {
    fc.assert(
      fc.property(stretches, (parts) => {
        const whole = Buffer.concat(parts.map(contentFrom));
        const cuts = cutsOf(whole);
        const [first = 0] = cuts;
        expect(cutsOf(whole.subarray(first)).map((cut) => cut + first)).toEqual(cuts.slice(1));
      }),
      { numRuns: 15 },
    );
  });
});
