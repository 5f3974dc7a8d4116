import { readFileSync, rmSync } from "node:fs";
import { holdfast, type Ran } from "../support/holdfast.ts";

/** Where a process kills itself: before or after its n-th change of a store, counted from 1. */
export interface CrashPoint {
  readonly operation: number;
  readonly when: "before" | "after";
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
): Promise<Ran> =>
  holdfast(words, {
    password,
    environment: { ...environment, NODE_OPTIONS: `--import=${hook}`, [crashVariable]: JSON.stringify(point) },
  });

/** Runs our program to its end, and tells the changes it made to the store: `put KEY` and `delete KEY`, in order. */
export async function recordOperations(
  words: readonly string[],
  password: string,
  file: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ ran: Ran; operations: string[] }> {
  rmSync(file, { force: true });
  const ran = await holdfast(words, {
    password,
    environment: { ...environment, NODE_OPTIONS: `--import=${hook}`, [operationsVariable]: file },
  });
  return { ran, operations: readFileSync(file, "utf8").trimEnd().split("\n") };
}
