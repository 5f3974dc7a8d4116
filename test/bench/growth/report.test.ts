import { describe, expect, it } from "vitest";
import { describeSlope, type Grown, growthTable, pointsOf } from "./report.ts";

const grown = (size: number, ...seconds: readonly number[]): Grown => ({
  series: "files",
  operation: "restore",
  size,
  costs: seconds.map((wallSeconds) => ({ wallSeconds, cpuSeconds: 0, peakBytes: 1024 * 1024 + size * 64 })),
});

it("Points are the medians of all runs", () => {
  expect(pointsOf([grown(10, 3, 1, 2), grown(20, 5)], "time")).toEqual([
    { x: 10, y: 2 },
    { x: 20, y: 5 },
  ]);
});

describe("A slope", () => {
  it.each([
    ["time", (x: number) => 0.00005 * x, "1.00; 0.00 s + 50.0 µs each"],
    ["time", (x: number) => 0.25 * x, "1.00; 0.00 s + 250.0 ms each"],
    ["memory", (x: number) => 64 * x, "1.00; 0 B + 64 B each"],
    ["memory", () => 2048, "0.00; 2.0 KiB + 0 B each"],
  ] as const)("of %s says the exponent and the price of one more", (quantity, law, expected) => {
    const points = [1000, 10_000, 100_000].map((x) => ({ x, y: law(x) }));
    expect(describeSlope(points, quantity)).toBe(expected);
  });

  it("of a single size is unknown", () => {
    expect(describeSlope([{ x: 1, y: 1 }], "time")).toBe("");
  });
});

it("The table has a line for each size, and the slope", () => {
  const lines = growthTable([grown(1024, 1), grown(10_240, 10)])
    .split("\n")
    .slice(2);
  expect(lines).toEqual([
    "| files, restore | 1,024 | 1.00 s | 1.1 MiB |",
    "| files, restore | 10,240 | 10.0 s | 1.6 MiB |",
    "| files, restore | **slope** | 1.00; 0.00 s + 976.6 µs each | 0.18; 1.0 MiB + 64 B each |",
  ]);
});
