import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Where vitest writes its JSON report; a step without one counts as a single check. */
  readonly report?: string;
}

export interface StepResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

/** Runs one step with its output on the terminal and counts what it tried. Never rejects: what cannot start has failed. */
export async function runStep({ name, command, report }: Step): Promise<StepResult> {
  console.log(`\n=== ${name}`);
  const begin = performance.now();
  const reporters = report ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];
  if (report) rmSync(report, { force: true });
  const code = await exitCode([...command, ...reporters]);
  const seconds = (performance.now() - begin) / 1000;
  if (!report) return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, seconds };
  return { name, ...counts(report, code), seconds };
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

/**
 * What vitest counted. A test that was skipped proves nothing, and a run that ended badly without a failing test (a file
 * that did not load, an unhandled error) has failed at least once.
 */
function counts(report: string, code: number): { passed: number; failed: number } {
  try {
    const { numPassedTests, numFailedTests, numTotalTests } = JSON.parse(readFileSync(report, "utf8"));
    const failed = numFailedTests + (numTotalTests === 0 ? 1 : 0);
    return { passed: numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed };
  } catch (error) {
    console.error(`no report from vitest at ${report}: ${(error as Error).message}`);
    return { passed: 0, failed: 1 };
  }
}
