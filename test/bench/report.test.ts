import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { type Part, readParts, replacePart, writeReport } from "./report.ts";

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

const part = (data: string, store: string, wallSeconds: number, date = "2026-11-24"): Part => ({
  data: { name: data, what: `what ${data} is`, files: 3, bytes: 1024 },
  store,
  machine: { date, processor: "X", cores: 2, memoryBytes: 1024 ** 3, system: "Linux" },
  versions: { holdfast: "1.0", restic: "0.19" },
  samples: [0, 1, 2].map((repetition) => ({
    data,
    store,
    step: "first backup",
    contestant: "holdfast",
    repetition,
    cost: { wallSeconds, cpuSeconds: 1, peakBytes: 1 },
    storedBytes: 1,
    traffic: undefined,
  })),
});

it("a run takes the place of an earlier one with the same data and store, and leaves the others in their order", () => {
  const folder = scratch.path("results");
  expect(readParts(folder)).toEqual([]);
  const runs = [
    part("src", "s3", 3),
    part("src", "folder", 7, "2026-11-23"),
    part("bin", "folder", 5),
    part("src", "folder", 9),
  ];
  for (const run of runs) writeReport(folder, replacePart(readParts(folder), run), "full");
  const [bin, folderAgain, s3] = readParts(folder);
  expect([bin, folderAgain, s3].map((each) => [each?.data.name, each?.store])).toEqual([
    ["bin", "folder"],
    ["src", "folder"],
    ["src", "s3"],
  ]);
  const text = readFileSync(join(folder, "RESULTS.md"), "utf8");
  expect(text).not.toContain("7.00");
  expect(text.match(/^#+ .*|^what.*|\d\.00 \(/gm)).toEqual([
    "# Benchmark",
    "## Store: folder",
    "### bin",
    expect.stringMatching(/^what bin is: 3 files, .*; holdfast 1.0, restic 0.19; medians of 2; 2026-11-24, X, /),
    "5.00 (",
    "### src",
    expect.stringContaining("what src is"),
    "9.00 (",
    "## Store: s3",
    "### src",
    expect.stringContaining("what src is"),
    "3.00 (",
  ]);
  expect(readdirSync(folder).filter((name) => name.endsWith(".svg"))).toHaveLength(6);
});
