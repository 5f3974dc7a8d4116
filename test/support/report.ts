import { hash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, type RunnerTestSuite } from "vitest";
import { checkout } from "./holdfast.ts";

const reportFile = join(checkout, "test/interop/REPORT.md");

const head = `# What was compared, and how it came out

Written by the tests in this folder, each of which keeps one section: after all tests of its file have passed, and never by a part of
them. Nothing here depends on the machine or the day, so that a change of this page is a change of what holds.
`;

export interface SectionOptions {
  /** Of the test file, without `.test.ts`: sections are sorted by it. */
  readonly name: string;
  readonly title: string;
  /** What a reader needs to know before the table; Markdown. */
  readonly text: string;
  readonly columns: readonly string[];
}

/** A section of the report, as a table. */
export interface ReportSection {
  /** Adds a row, or replaces the one with the same first cell. Cells must not depend on the machine, the day or chance. */
  row(...cells: readonly string[]): void;
}

/** To be called at the top of a test file. The section is written if every test of the file ran and passed. */
export function reportSection({ name, title, text, columns }: SectionOptions): ReportSection {
  const rows = new Map<string, readonly string[]>();
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads a hook's first parameter as a list of fixtures.
  afterAll(({}, suite) => {
    if (!hasPassed(suite)) return;
    const table = [columns, columns.map(() => "---"), ...rows.values()].map(lineOf).join("\n");
    putSection(name, `## ${title}\n\n${text.trim()}\n\n${table}\n`);
  });
  return {
    row(...cells) {
      rows.set(cells[0] ?? "", cells);
    },
  };
}

const lineOf = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

function hasPassed(suite: Readonly<RunnerTestSuite>): boolean {
  return suite.tasks.every((task) => (task.type === "suite" ? hasPassed(task) : task.result?.state === "pass"));
}

/** Test files run side by side: each changes its own section only, and one at a time. */
function putSection(name: string, content: string): void {
  locked(() => {
    const before = existsSync(reportFile) ? readFileSync(reportFile, "utf8") : "";
    const sections = new Map(
      [...before.matchAll(/^<!-- (\S+) -->\n\n([\s\S]*?)(?=\n<!-- |(?![\s\S]))/gm)].map(
        ([, key = "", body = ""]) => [key, body] as const,
      ),
    );
    sections.set(name, content);
    const sorted = [...sections].sort(([a], [b]) => (a < b ? -1 : 1));
    const after = [head, ...sorted.map(([key, body]) => `<!-- ${key} -->\n\n${body}`)].join("\n");
    if (after === before) return;
    writeFileSync(`${reportFile}.new`, after);
    renameSync(`${reportFile}.new`, reportFile);
  });
}

const longestWriteMs = 10_000;

function locked(action: () => void): void {
  const lock = join(tmpdir(), `holdfast-report-${hash("sha256", reportFile).slice(0, 16)}`);
  while (!takes(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  try {
    action();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** A lock that is older than any write takes was left by a run that was killed. */
function takes(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const taken = statSync(lock, { throwIfNoEntry: false });
    if (taken && Date.now() - taken.mtimeMs > longestWriteMs) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
