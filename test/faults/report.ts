import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../support/holdfast.ts";

/** `make test-long`: more mutants and seeds, and every point where the short run takes a sample. */
export const isLong = process.env.HOLDFAST_TEST_LONG === "1";

/** The short run's report is committed, so the same tree must give the same text: no times, nothing of the machine. */
const file = isLong ? join(checkout, "build/faults-long.md") : join(checkout, "test/faults/REPORT.md");

const sections = [
  "Killed at every change of the store",
  "Told to end at any moment",
  "Storage faults",
  "Faults between us and a real S3 server",
  "Hostile input",
] as const;
export type Section = (typeof sections)[number];

const head = [
  "# What was tried, and survived",
  "",
  "Written by the tests in this folder, each its own section; a test that fails leaves its section as it was. `make test` runs",
  "what is here, `make test-long` runs more and reports it in `build/faults-long.md`.",
];

/** Of commands that were killed: at how many points, each one of which was survived. */
export const reportKills = (kills: ReadonlyMap<string, number>): void =>
  addRows(
    "Killed at every change of the store",
    [
      "SIGKILL before and after each put, delete and copy that a command makes (of a mirror, only after). Then plain restic finds the",
      "repository whole, every earlier snapshot restores identically, and the next run succeeds with no help.",
    ],
    ["command", "kills survived"],
    kills,
  );

/** Of commands that were told to end: at how many points, each one of which was survived. */
export const reportStops = (stops: ReadonlyMap<string, number>): void =>
  addRows(
    "Told to end at any moment",
    [
      "SIGTERM before a reading or a change of the store, from the first to the last. Then the command ends as Interrupted (130), or had",
      "done everything by then; it leaves no lock, all that was whole is whole, and the next run succeeds with no help.",
    ],
    ["command", "stops survived"],
    stops,
  );

/** Of mutants of a repository, by their kind. */
export const reportMutants = (mutants: ReadonlyMap<string, number>): void =>
  addRows(
    "Hostile input",
    [
      "Each mutant is opened, listed, checked, restored, verified and pruned. None crashed or hung the process, took memory without",
      "bound, wrote outside the target, or was restored wrong as right.",
    ],
    ["kind of mutant", "survived"],
    mutants,
  );

/** Several files may share a table: each replaces its own rows. */
function addRows(
  section: Section,
  text: readonly string[],
  [what, count]: readonly [string, string],
  rows: ReadonlyMap<string, number>,
): void {
  updateSection(section, (present) => {
    const merged = new Map(
      present.split("\n").flatMap((line) => {
        const [, name, number] = /^\| (.+) \| (\d+) \|$/.exec(line) ?? [];
        return name && number ? [[name, Number(number)] as const] : [];
      }),
    );
    for (const [name, number] of rows) merged.set(name, number);
    const lines = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, number]) => `| ${name} | ${number} |`);
    return [...text, "", `| ${what} | ${count} |`, "|---|--:|", ...lines];
  });
}

/** Replaces one section. */
export const writeSection = (section: Section, lines: readonly string[]): void => updateSection(section, () => lines);

/** Test files run beside each other. */
function updateSection(section: Section, linesFrom: (present: string) => readonly string[]): void {
  const lock = join(checkout, "build/report.lock");
  mkdirSync(join(checkout, "build"), { recursive: true });
  whileHolding(lock, () => {
    const present = readSections();
    present.set(
      section,
      linesFrom(present.get(section) ?? "")
        .join("\n")
        .trim(),
    );
    const body = sections.flatMap((name) => {
      const text = present.get(name);
      return text ? ["", `## ${name}`, "", text] : [];
    });
    writeFileSync(file, `${[...head, ...body].join("\n")}\n`);
  });
}

function readSections(): Map<string, string> {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return new Map();
  }
  const parts = text.split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(0, end), part.slice(end).trim()];
    }),
  );
}

/** A folder is made by one alone. What a killed run left of it is not waited for longer than any writer takes. */
function whileHolding(lock: string, work: () => void): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempts = 0; attempts < 100; attempts++) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      Atomics.wait(pause, 0, 0, 50);
    }
  }
  try {
    work();
  } finally {
    rmdirSync(lock);
  }
}
