import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { makeScratch } from "../../support/scratch.ts";
import { type GrowthPart, readGrowth, replaceSeries, writeGrowth } from "./written.ts";

const names = ["files", "bytes", "blobs"];
const part = (series: string, seconds: number): GrowthPart => ({
  series,
  unit: `${series} of something`,
  machine: { date: "2026-11-26", processor: "a processor", cores: 2, memoryBytes: 8e9, system: "Linux" },
  repetitions: 1,
  grown: [10, 100].map((size) => ({
    series,
    operation: "restore",
    size,
    costs: [{ wallSeconds: seconds * size, cpuSeconds: 1, peakBytes: 1e6 }],
  })),
});

it("A run takes the place of the series that it measured, and leaves the others", () => {
  const scratch = makeScratch();
  try {
    const folder = scratch.path("results");
    expect(readGrowth(folder)).toEqual([]);
    for (const each of [part("blobs", 1), part("files", 2), part("blobs", 3)])
      writeGrowth(folder, replaceSeries(readGrowth(folder), each, names), "full");
    expect(readGrowth(folder)).toEqual([part("files", 2), part("blobs", 3)]);
    const report = readFileSync(scratch.path("results/GROWTH.md"), "utf8");
    expect(report).toContain("## files\n\nfiles of something. ");
    expect(report).toContain("| files, restore | 100 | 200.0 s |");
    expect(report).toContain("| blobs, restore | 100 | 300.0 s |");
    for (const [, image] of report.matchAll(/\]\((.*\.svg)\)/g))
      expect(readFileSync(scratch.path(`results/${image}`), "utf8")).toContain("<svg");
  } finally {
    scratch.remove();
  }
});
