import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { count, formatBytes } from "../../src/mover/units.ts";
import { type BarGroup, barPlot } from "./bar-plot.ts";
import type { Contestant } from "./contestants/contestant.ts";
import type { Scale } from "./data/data-set.ts";
import type { DataFacts } from "./data/facts.ts";
import type { Sample } from "./sample.ts";
import { type Row, summarise } from "./summary.ts";
import { describeMachine, formatSeconds, type MachineFacts, markdownTable } from "./table.ts";

export interface Report {
  readonly samples: readonly Sample[];
  readonly machine: MachineFacts;
  readonly contestants: readonly Contestant[];
  readonly data: readonly DataFacts[];
  readonly scale: Scale;
  readonly repetitions: number;
}

type Measured = Exclude<Row, { readonly failure: string }>;

const plots = {
  wall: {
    title: "Wall time",
    value: ({ wall }: Measured) => wall.median,
    unit: (value: number) => `${formatSeconds(value)} s`,
  },
  cpu: {
    title: "CPU time",
    value: ({ cpu }: Measured) => cpu.median,
    unit: (value: number) => `${formatSeconds(value)} s`,
  },
  memory: { title: "Peak memory", value: ({ memory }: Measured) => memory.median, unit: formatBytes },
} as const;

/** Writes RESULTS.md, its plots, and every single sample into a folder; returns the path of RESULTS.md. */
export function writeReport(folder: string, report: Report): string {
  mkdirSync(folder, { recursive: true });
  const rows = summarise(report.samples);
  const stores = [...new Set(rows.map(({ store }) => store))];
  for (const store of stores) {
    for (const [name, { title, value, unit }] of Object.entries(plots)) {
      const groups = groupsOf(
        rows.filter((row) => row.store === store),
        value,
        unit,
      );
      writeFileSync(join(folder, `${name}-${store}.svg`), barPlot(`${title}, store: ${store}`, groups));
    }
  }
  writeFileSync(join(folder, "samples.json"), `${JSON.stringify(report.samples, undefined, 1)}\n`);
  const path = join(folder, "RESULTS.md");
  writeFileSync(path, markdown(report, rows, stores));
  return path;
}

function groupsOf(rows: readonly Row[], value: (row: Measured) => number, unit: (value: number) => string): BarGroup[] {
  const measured = rows.filter((row): row is Measured => !("failure" in row));
  const groups = Map.groupBy(measured, ({ data, step }) => `${data}, ${step}`);
  return [...groups].map(([title, members]) => ({
    title,
    bars: members.map((row) => ({ name: row.contestant, value: value(row), shown: unit(value(row)) })),
  }));
}

function markdown(
  { machine, contestants, data, scale, repetitions }: Report,
  rows: readonly Row[],
  stores: readonly string[],
) {
  const small = scale === "small" ? ["**A trial on small data: these figures say nothing about speed.**", ""] : [];
  const versions = contestants.filter(({ isLimit }) => !isLimit).map(({ name, version }) => `${name} ${version}`);
  return [
    "# Benchmark",
    "",
    ...small,
    `Made by \`make bench\` (how it measures: [README.md](README.md)). ${describeMachine(machine)}.`,
    `${versions.join(", ")}. Medians of ${repetitions}; no caches; what failed a referee has no figures.`,
    "",
    ...data.map(
      ({ name, what, files, bytes }) => `- \`${name}\`: ${what}. Here: ${count(files, "file")}, ${formatBytes(bytes)}.`,
    ),
    ...stores.flatMap((store) => [
      "",
      `## Store: ${store}`,
      "",
      ...Object.keys(plots).map((name) => `![${name}](${name}-${store}.svg)`),
      ...data.flatMap(({ name }) =>
        tableOf(
          rows.filter((row) => row.store === store && row.data === name),
          name,
        ),
      ),
    ]),
    "",
  ].join("\n");
}

const tableOf = (rows: readonly Row[], name: string): string[] =>
  rows.length > 0 ? ["", `### ${name}`, "", markdownTable(rows)] : [];
