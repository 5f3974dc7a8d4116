import { describe, expect, it } from "vitest";
import { growthExponent, linearFit, median, spreadOf } from "./statistics.ts";

describe("The median", () => {
  it.each([
    [[3], 3],
    [[3, 1], 2],
    [[9, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[100, 20, 3], 20],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("of nothing does not exist", () => {
    expect(() => median([])).toThrow("nothing");
  });

  it("comes with the least and the greatest", () => {
    expect(spreadOf([5, 1, 2])).toEqual({ median: 2, least: 1, greatest: 5 });
  });
});

const points = (law: (x: number) => number) => [1, 10, 100, 1000].map((x) => ({ x, y: law(x) }));

describe("Growth", () => {
  it.each([
    ["constant", () => 7, 0],
    ["linear", (x: number) => 3 * x, 1],
    ["quadratic", (x: number) => x * x, 2],
  ])("that is %s has its exponent", (_, law, expected) => {
    expect(growthExponent(points(law))).toBeCloseTo(expected, 10);
  });

  it("has no exponent where x is always the same", () => {
    expect(
      growthExponent([
        { x: 5, y: 1 },
        { x: 5, y: 2 },
      ]),
    ).toBeUndefined();
    expect(growthExponent([])).toBeUndefined();
  });

  it("that is linear has a base and a price per unit", () => {
    const fit = linearFit(points((x) => 0.5 + 0.25 * x));
    expect(fit?.base).toBeCloseTo(0.5, 8);
    expect(fit?.perUnit).toBeCloseTo(0.25, 10);
    expect(linearFit([{ x: 1, y: 1 }])).toBeUndefined();
  });
});
