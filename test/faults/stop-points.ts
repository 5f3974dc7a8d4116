import { expect } from "vitest";
import type { Ran } from "../support/holdfast.ts";
import type { CrashPoint } from "./crash-point.ts";
import { isLong } from "./report.ts";

/** Stops that the short run takes of a command, evenly spread. */
const sampled = 4;

export interface StopPoint extends CrashPoint {
  /** What it was about to do. */
  readonly name: string;
}

/** Where a command that makes these operations is told to end. */
export function stopPoints(operations: readonly string[]): StopPoint[] {
  const all = operations.map((name, at) => ({ operation: at + 1, when: "before", signal: "SIGTERM", name }) as const);
  if (isLong || all.length <= sampled) return all;
  const step = all.length / sampled;
  return all.filter((_, at) => Math.floor((at + step / 2) / step) !== Math.floor((at - 1 + step / 2) / step));
}

/** It was interrupted and says so, or had nothing left to do; `locks` are those in the store, none of which may be left. */
export function expectStopped({ code, stdout, stderr, result }: Ran, locks: readonly string[]): void {
  expect([0, 130], stdout + stderr).toContain(code);
  expect(result(), stderr).toMatchObject(code === 0 ? { state: "Good" } : { reason: "Interrupted" });
  expect(locks).toEqual([]);
}
