import type { FailureReason } from "../contract/results.ts";

/** Failed paths that are kept by name; the number counts all. */
const keptPaths = 1000;

interface Failure {
  readonly reason: FailureReason;
  readonly message: string;
}

/** What went wrong on the way, and what came out all the same. */
export interface Outcome {
  /** Regular files by name, and folders below the target. */
  files: number;
  directories: number;
  bytes: number;
  /** Whether the target holds anything of it by now, be it a part of one file. */
  touched: boolean;
  readonly errors: number;
  readonly failedPaths: readonly string[];
  /** The first failure of each reason. */
  readonly failures: readonly Failure[];
  /** Things a person should know that are no failure, each once. */
  readonly notices: readonly string[];
  /** The path is not as it was. Told once for each path, with the first cause. */
  fail(path: string, reason: FailureReason, message: string): void;
  hasFailed(path: string): boolean;
  notice(text: string): void;
}

export function newOutcome(): Outcome {
  const failedPaths: string[] = [];
  const known = new Set<string>();
  const failures: Failure[] = [];
  const notices = new Set<string>();
  let errors = 0;
  return {
    files: 0,
    directories: 0,
    bytes: 0,
    touched: false,
    get errors() {
      return errors;
    },
    failedPaths,
    failures,
    get notices() {
      return [...notices];
    },
    fail(path, reason, message) {
      if (known.has(path)) return;
      known.add(path);
      errors++;
      if (failedPaths.length < keptPaths) failedPaths.push(path);
      if (!failures.some((failure) => failure.reason === reason)) failures.push({ reason, message });
    },
    hasFailed: (path) => known.has(path),
    notice: (text) => notices.add(text),
  };
}
