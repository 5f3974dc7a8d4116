import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "../../support/holdfast.ts";
import { linePlot } from "../line-plot.ts";
import { thisMachine } from "../machine.ts";
import { measure } from "../measure.ts";
import { parseChoice, parseChoices, parseCount } from "../options.ts";
import type { Cost } from "../sample.ts";
import { describeMachine, formatSeconds } from "../table.ts";
import { blobs } from "./blobs.ts";
import { bytes } from "./bytes.ts";
import { files } from "./files.ts";
import { points } from "./points.ts";
import { describeSlope, type Grown, growthTable, pointsOf, type Quantity } from "./report.ts";
import type { Operation, Series } from "./series.ts";

/** `make bench-growth`: Holdfast's time and memory against the size of things. See ../README.md. */
const all: readonly Series[] = [files, bytes, points, blobs];
const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "full" },
    series: { type: "string", default: all.map(({ name }) => name).join() },
    repeat: { type: "string", default: "3" },
    output: { type: "string" },
  },
});
const scale = parseChoice("--scale", values.scale, ["full", "small"]);
const chosen = parseChoices(
  "--series",
  values.series,
  all.map(({ name }) => name),
);
const repetitions = parseCount("--repeat", values.repeat);
const output = resolve(checkout, values.output ?? (scale === "full" ? "test/bench" : "build/bench"));
const scratch = mkdtempSync(join(tmpdir(), "holdfast-growth-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const found: Grown[] = [];
for (const series of all.filter(({ name }) => chosen.includes(name))) {
  const folder = join(scratch, series.name);
  mkdirSync(folder);
  for (const size of series.sizes[scale]) {
    for (const operation of await series.grow(folder, size)) {
      const costs = await repeated(operation);
      const grown = { series: series.name, unit: series.unit, operation: operation.name, size, costs };
      found.push(grown);
      console.log(`${series.name} ${size}, ${operation.name}: ${costs.map(shown).join("  ")}`);
    }
  }
  rmSync(folder, { recursive: true });
  write();
}

async function repeated({ before, command }: Operation): Promise<Cost[]> {
  const costs: Cost[] = [];
  while (costs.length < repetitions) {
    await before?.();
    costs.push(await measure(command));
  }
  return costs;
}

function shown({ wallSeconds, peakBytes }: Cost): string {
  return `${formatSeconds(wallSeconds)} s ${Math.round(peakBytes / 1e6)} MB`;
}

function write(): void {
  mkdirSync(output, { recursive: true });
  const quantities: readonly Quantity[] = ["time", "memory"];
  const plots = [...Map.groupBy(found, ({ series }) => series)].flatMap(([name, grown]) =>
    quantities.map((quantity) => {
      const file = `growth-${name}-${quantity}.svg`;
      writeFileSync(join(output, file), plot(grown, quantity));
      return `![${name}, ${quantity}](${file})`;
    }),
  );
  const about = [
    "# Growth",
    "",
    ...(scale === "small" ? ["**A trial on small data: these figures say nothing.**", ""] : []),
    `Made by \`make bench-growth\` (see [README.md](README.md)). ${describeMachine(thisMachine())}. Medians of ${repetitions}.`,
    "A slope is the exponent of the growth (1 is linear, 0 none), then the straight line through all sizes.",
  ];
  writeFileSync(join(output, "GROWTH.md"), [...about, "", ...plots, "", growthTable(found), ""].join("\n"));
}

function plot(grown: readonly Grown[], quantity: Quantity): string {
  const byOperation = [...Map.groupBy(grown, ({ operation }) => operation)];
  return linePlot({
    title: `${quantity === "time" ? "Wall time" : "Peak memory"} against ${grown[0]?.series}`,
    xTitle: grown[0]?.unit ?? "",
    yTitle: quantity === "time" ? "seconds" : "bytes",
    lines: byOperation.map(([operation, group]) => {
      const medians = pointsOf(group, quantity);
      return { name: `${operation}: ${describeSlope(medians, quantity)}`, points: medians };
    }),
  });
}
