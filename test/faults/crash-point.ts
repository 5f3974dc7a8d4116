import { readFileSync, rmSync } from "node:fs";
import { holdfast, mainModule, type Ran, type Running, startHoldfast } from "../support/holdfast.ts";

/** Where a process kills itself: before or after its n-th change of a store, counted from 1. */
export interface CrashPoint {
  readonly operation: number;
  readonly when: "before" | "after";
  /**
   * SIGKILL where it is absent. With SIGTERM it goes on, to end by itself, and what it reads counts as well. With SIGSTOP it stays where it
   * is, until somebody lets it go on.
   */
  readonly signal?: "SIGTERM" | "SIGSTOP";
}

export const crashVariable = "HOLDFAST_TEST_CRASH_AT";
export const operationsVariable = "HOLDFAST_TEST_OPERATIONS";

const hook = new URL("./crash-hook.ts", import.meta.url).href;

/** Runs our program until it kills itself at `point`. */
export const runUntilCrash = (
  words: readonly string[],
  password: string,
  point: CrashPoint,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> => startUntil(words, password, point, environment).ended;

export const startUntil = (
  words: readonly string[],
  password: string,
  point: CrashPoint,
  environment: Readonly<Record<string, string>> = {},
): Running =>
  startHoldfast(words, {
    password,
    program: mainModule,
    environment: { ...environment, NODE_OPTIONS: `--import=${hook}`, [crashVariable]: JSON.stringify(point) },
  });

/** Runs our program to its end, and tells the changes it made to the store: `put KEY` and `delete KEY`, in order. */
export const recordOperations = (
  words: readonly string[],
  password: string,
  file: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Recorded> => record(words, password, file, environment);

/** The same with everything it reads: `get KEY` and `list PREFIX`. */
export const recordAll = (words: readonly string[], password: string, file: string): Promise<Recorded> =>
  record(words, password, file, { [crashVariable]: JSON.stringify({ signal: "SIGTERM" }) });

export interface Recorded {
  readonly ran: Ran;
  readonly operations: readonly string[];
}

async function record(
  words: readonly string[],
  password: string,
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<Recorded> {
  rmSync(file, { force: true });
  const ran = await holdfast(words, {
    password,
    program: mainModule,
    environment: { ...environment, NODE_OPTIONS: `--import=${hook}`, [operationsVariable]: file },
  });
  return { ran, operations: readFileSync(file, "utf8").trimEnd().split("\n") };
}
