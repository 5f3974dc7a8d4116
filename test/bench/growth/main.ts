import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "../../support/holdfast.ts";
import { thisMachine } from "../machine.ts";
import { measure } from "../measure.ts";
import { parseChoice, parseChoices, parseCount } from "../options.ts";
import type { Cost } from "../sample.ts";
import { formatSeconds } from "../table.ts";
import { blobs } from "./blobs.ts";
import { bytes } from "./bytes.ts";
import { files } from "./files.ts";
import { points } from "./points.ts";
import type { Grown } from "./report.ts";
import type { Operation, Series } from "./series.ts";
import { readGrowth, replaceSeries, writeGrowth } from "./written.ts";

/** `make bench-growth`: Holdfast's time and memory against the size of things. See ../README.md. */
const all: readonly Series[] = [files, bytes, points, blobs];
const names = all.map(({ name }) => name);
const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "full" },
    series: { type: "string", default: names.join() },
    repeat: { type: "string", default: "3" },
    output: { type: "string" },
  },
});
const scale = parseChoice("--scale", values.scale, ["full", "small"]);
const chosen = parseChoices("--series", values.series, names);
const repetitions = parseCount("--repeat", values.repeat);
const output = resolve(checkout, values.output ?? (scale === "full" ? "test/bench" : "build/bench"));
const scratch = mkdtempSync(join(tmpdir(), "holdfast-growth-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

for (const series of all.filter(({ name }) => chosen.includes(name))) {
  const { name, unit } = series;
  const grown: Grown[] = [];
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const size of series.sizes[scale]) {
    for (const { name: operation, ...how } of await series.grow(folder, size)) {
      const costs = await repeated(how);
      grown.push({ series: name, operation, size, costs });
      console.log(`${name} ${size}, ${operation}: ${costs.map(shown).join("  ")}`);
    }
  }
  rmSync(folder, { recursive: true });
  const part = { series: name, unit, machine: thisMachine(), repetitions, grown };
  console.log(`written so far: ${writeGrowth(output, replaceSeries(readGrowth(output), part, names), scale)}`);
}

async function repeated({ before, command }: Omit<Operation, "name">): Promise<Cost[]> {
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
