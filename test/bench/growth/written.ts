import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scale } from "../data/data-set.ts";
import { linePlot } from "../line-plot.ts";
import { describeMachine, type MachineFacts } from "../table.ts";
import { describeSlope, type Grown, growthTable, pointsOf, type Quantity } from "./report.ts";

/** What one run has found of one series. */
export interface GrowthPart {
  readonly series: string;
  /** What is counted, as the title of its axis. */
  readonly unit: string;
  readonly machine: MachineFacts;
  readonly repetitions: number;
  readonly grown: readonly Grown[];
}

const partsFile = "growth-samples.json";
const quantities: readonly Quantity[] = ["time", "memory"];

/** What earlier runs have left in a folder. */
export function readGrowth(folder: string): GrowthPart[] {
  const path = join(folder, partsFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as GrowthPart[]) : [];
}

/** A run takes the place of an earlier one with the same series; the others stay. All are in the order of `names`. */
export const replaceSeries = (parts: readonly GrowthPart[], part: GrowthPart, names: readonly string[]): GrowthPart[] =>
  [...parts.filter(({ series }) => series !== part.series), part].sort(
    (a, b) => names.indexOf(a.series) - names.indexOf(b.series),
  );

/** Writes GROWTH.md, its plots, and every single sample into a folder; returns the path of GROWTH.md. */
export function writeGrowth(folder: string, parts: readonly GrowthPart[], scale: Scale): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, partsFile), `[\n${parts.map((part) => JSON.stringify(part)).join(",\n")}\n]\n`);
  const sections = parts.flatMap((part) => {
    const { series, unit, machine, repetitions, grown } = part;
    const images = quantities.map((quantity) => {
      const file = `growth-${series}-${quantity}.svg`;
      writeFileSync(join(folder, file), plot(part, quantity));
      return `![${series}, ${quantity}](${file})`;
    });
    const about = `${unit}. ${describeMachine(machine)}. ${repetitions === 1 ? "One run each." : `Medians of ${repetitions}.`}`;
    return [`## ${series}`, "", about, "", ...images, "", growthTable(grown), ""];
  });
  const about = [
    "# Growth",
    "",
    ...(scale === "small" ? ["**A trial on small data: these figures say nothing.**", ""] : []),
    "Made by `make bench-growth` (see [README.md](README.md)).",
    "A slope is the exponent of the growth (1 is linear, 0 none), then the straight line through all sizes.",
    "",
  ];
  const path = join(folder, "GROWTH.md");
  writeFileSync(path, [...about, ...sections].join("\n"));
  return path;
}

function plot({ series, unit, grown }: GrowthPart, quantity: Quantity): string {
  const byOperation = [...Map.groupBy(grown, ({ operation }) => operation)];
  return linePlot({
    title: `${quantity === "time" ? "Wall time" : "Peak memory"} against ${series}`,
    xTitle: unit,
    yTitle: quantity === "time" ? "seconds" : "bytes",
    lines: byOperation.map(([operation, group]) => {
      const medians = pointsOf(group, quantity);
      return { name: `${operation}: ${describeSlope(medians, quantity)}`, points: medians };
    }),
  });
}
