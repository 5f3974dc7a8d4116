import type { Outcome } from "../restore/outcome.ts";
import type { Failure } from "./failure.ts";
import type { RestoreResult } from "./results.ts";
import { secondsSince } from "./task.ts";
import { count, formatBytes } from "./units.ts";

/** How a restore, or a comparison, came to its end. */
export type RestoreEnd =
  | { readonly failure: Failure }
  | {
      readonly snapshot: string;
      readonly restored?: Outcome;
      readonly verified?: Outcome;
    };

/**
 * `Failed` where the folder was compared and differs by more than what was already known to be missing. A good one says what there
 * is to be noticed, such as that the lock of a dead holder was removed.
 */
export function restoreResult(
  kind: RestoreResult["kind"],
  end: RestoreEnd,
  { started, notices }: { readonly started: number; readonly notices: readonly string[] },
): RestoreResult {
  const durationSeconds = secondsSince(started);
  if ("failure" in end) {
    const nothing = { files: 0, directories: 0, bytes: 0, errors: 0, failedPaths: [] };
    return { kind, state: "Failed", ...end.failure, ...nothing, durationSeconds };
  }
  const { snapshot, restored, verified } = end;
  const counted = restored ?? verified;
  const { files = 0, directories = 0, bytes = 0 } = counted ?? {};
  const failedPaths = [...new Set([...(restored?.failedPaths ?? []), ...(verified?.failedPaths ?? [])])];
  const errors = Math.max(restored?.errors ?? 0, verified?.errors ?? 0, failedPaths.length);
  const numbers = { snapshot, files, directories, bytes, errors, failedPaths, durationSeconds };

  const different = verified?.failedPaths.filter((path) => !restored?.hasFailed(path)) ?? [];
  if (verified && different.length > 0) {
    const failure = verified.failures.find(({ reason }) => reason === "VerificationFailed") ?? verified.failures[0];
    return { kind, state: "Failed", reason: failure?.reason, message: summary(failure?.message, errors), ...numbers };
  }
  if (errors === 0) {
    return { kind, state: "Good", ...(notices.length > 0 && { message: notices.join(" ") }), ...numbers };
  }
  const failures = restored?.failures ?? [];
  const worst = failures.find(({ reason }) => reason === "RepositoryDamaged") ?? failures[0];
  return { kind, state: "Incomplete", reason: worst?.reason, message: summary(worst?.message, errors), ...numbers };
}

const summary = (first: string | undefined, errors: number): string =>
  errors > 1 ? `${errors} paths are not as they were. The first: ${first}` : (first ?? "");

export function describeRestore(result: RestoreResult): string {
  const { kind, state, message, files, directories, bytes, durationSeconds, errors, failedPaths, snapshot } = result;
  if (snapshot === undefined) return `The ${kind} failed: ${message}`;
  const done = kind === "restore" ? "restored" : "compared";
  return [
    `${state}: ${done} ${count(files, "file")} in ${count(directories, "folder")}, ${formatBytes(bytes)}, ` +
      `of snapshot ${snapshot.slice(0, 8)}, in ${durationSeconds} s.`,
    ...(errors > 0 ? [message, "Not as they were:", ...failedPaths.map((path) => `  ${path}`)] : []),
  ].join("\n");
}
