import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { type Verdict, verdictOf } from "./vitest-report.ts";

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Where vitest writes its JSON report; a step without one counts as a single check. */
  readonly report?: string;
}

export interface StepResult extends Verdict {
  readonly name: string;
  readonly seconds: number;
}

/** The result of a step that is a single check. */
export const checked = (name: string, code: number, seconds: number): StepResult =>
  code === 0 ? { name, passed: 1, failures: [], seconds } : { name, passed: 0, failures: [name], seconds };

/** Runs one step with its output on the terminal and counts what it tried. Never rejects: what cannot start has failed. */
export async function runStep({ name, command, report }: Step): Promise<StepResult> {
  console.log(`\n=== ${name}`);
  const begin = performance.now();
  const reporters = report ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];
  if (report) rmSync(report, { force: true });
  const code = await exitCode([...command, ...reporters]);
  const seconds = (performance.now() - begin) / 1000;
  return report ? { name, ...vitestVerdict(report, code), seconds } : checked(name, code, seconds);
}

/** Exit code of a command whose output goes to the terminal; 127 where it could not be started. */
function exitCode([program, ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program ?? "", args, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => {
      console.error(`cannot start ${program}: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

/** What vitest reported; a run that left no report has failed. */
function vitestVerdict(report: string, code: number): Verdict {
  try {
    return verdictOf(JSON.parse(readFileSync(report, "utf8")), code);
  } catch (error) {
    return { passed: 0, failures: [`no report from vitest at ${report}: ${(error as Error).message}`] };
  }
}
