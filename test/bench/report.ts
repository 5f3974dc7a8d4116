import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { count, formatBytes } from "../../src/mover/units.ts";
import { type BarGroup, barPlot } from "./bar-plot.ts";
import type { Scale } from "./data/data-set.ts";
import type { DataFacts } from "./data/facts.ts";
import { allData, allStores } from "./options.ts";
import type { Sample } from "./sample.ts";
import { type Row, summarise } from "./summary.ts";
import { describeMachine, formatSeconds, type MachineFacts, markdownTable } from "./table.ts";

/** What one run has found with one data set in one store. */
export interface Part {
  readonly data: DataFacts;
  readonly store: string;
  readonly machine: MachineFacts;
  /** Of the programs, by their names. */
  readonly versions: Readonly<Record<string, string>>;
  readonly samples: readonly Sample[];
}

const partsFile = "samples.json";

/** What earlier runs have left in a folder. */
export function readParts(folder: string): Part[] {
  const path = join(folder, partsFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Part[]) : [];
}

/** A run takes the place of earlier ones with the same data set and store; the others stay, in the order of the data sets and stores. */
export function replacePart(parts: readonly Part[], part: Part): Part[] {
  const others = parts.filter((other) => placeOf(other) !== placeOf(part));
  return [...others, part].sort((a, b) => order.indexOf(placeOf(a)) - order.indexOf(placeOf(b)));
}

const placeOf = ({ data, store }: Part): string => `${store} ${data.name}`;
const order = allStores.flatMap((store) => allData.map((data) => `${store} ${data}`));

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
export function writeReport(folder: string, parts: readonly Part[], scale: Scale): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, partsFile), `[\n${parts.map((part) => JSON.stringify(part)).join(",\n")}\n]\n`);
  const byStore = [...Map.groupBy(parts, ({ store }) => store)];
  for (const [store, group] of byStore) {
    const rows = summarise(group.flatMap(({ samples }) => samples));
    for (const [name, { title, value, unit }] of Object.entries(plots)) {
      const plot = barPlot(`${title}, store: ${store}`, groupsOf(rows, value, unit));
      writeFileSync(join(folder, `${name}-${store}.svg`), plot);
    }
  }
  const path = join(folder, "RESULTS.md");
  writeFileSync(path, markdown(byStore, scale));
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

function markdown(byStore: readonly (readonly [string, readonly Part[]])[], scale: Scale): string {
  const small = scale === "small" ? ["**A trial on small data: these figures say nothing about speed.**", ""] : [];
  return [
    "# Benchmark",
    "",
    ...small,
    "Made by `make bench`; how it measures: [README.md](README.md). Each table is of one run; no caches; what failed a referee has no figures.",
    ...byStore.flatMap(([store, parts]) => [
      "",
      `## Store: ${store}`,
      "",
      ...Object.keys(plots).map((name) => `![${name}](${name}-${store}.svg)`),
      ...parts.flatMap(sectionOf),
    ]),
    "",
  ].join("\n");
}

function sectionOf({ data, machine, versions, samples }: Part): string[] {
  const { name, what, files, bytes } = data;
  const programs = Object.entries(versions).map(([program, version]) => `${program} ${version}`);
  const timed = new Set(samples.map(({ repetition }) => repetition).filter((repetition) => repetition > 0)).size;
  const about = [`${what}: ${count(files, "file")}, ${formatBytes(bytes)}`, programs.join(", "), `medians of ${timed}`];
  return [
    "",
    `### ${name}`,
    "",
    `${about.join("; ")}; ${describeMachine(machine)}.`,
    "",
    markdownTable(summarise(samples)),
  ];
}
