import type { FailureReason, RestoreResult } from "../contract/results.ts";
import type { Outcome } from "../restore/outcome.ts";
import type { Failure } from "./failure.ts";
import { secondsSince } from "./task.ts";
import { count, formatBytes } from "./units.ts";

/** How a restore, or a comparison, came to its end. */
export type RestoreEnd =
  | { readonly failure: Failure; readonly soFar?: SoFar | undefined }
  | {
      readonly snapshot: string;
      readonly restored?: Outcome;
      readonly verified?: Outcome;
    };

/** How far a restore had come, and of what. */
export interface SoFar {
  /** Its URL. */
  readonly repository: string;
  /** Its full id. */
  readonly snapshot: string;
  readonly target: string;
  readonly include: readonly string[];
  readonly isDevice: boolean;
  readonly restored: Outcome;
  /** `verify` once everything was restored that could be. */
  phase: "restore" | "verify";
}

/**
 * `Failed` where the folder was compared and differs by more than what was already known to be missing. Each says what there
 * is to be noticed, such as that the lock of a dead holder was removed, or that ours stays.
 */
export function restoreResult(
  kind: RestoreResult["kind"],
  end: RestoreEnd,
  { started, notices }: { readonly started: number; readonly notices: readonly string[] },
): RestoreResult {
  const durationSeconds = secondsSince(started);
  const noticed = (...texts: readonly string[]): string => [...texts, ...notices].join(" ");
  if ("failure" in end) {
    const { failure, soFar } = end;
    const { files = 0, directories = 0, bytes = 0, errors = 0, failedPaths = [] } = soFar?.restored ?? {};
    const numbers = { files, directories, bytes, errors, failedPaths: [...failedPaths], durationSeconds };
    return { kind, state: "Failed", reason: failure.reason, message: noticed(brokenOff(failure, soFar)), ...numbers };
  }
  const { snapshot, restored, verified } = end;
  const counted = restored ?? verified;
  const { files = 0, directories = 0, bytes = 0 } = counted ?? {};
  const failedPaths = [...new Set([...(restored?.failedPaths ?? []), ...(verified?.failedPaths ?? [])])];
  const errors = Math.max(restored?.errors ?? 0, verified?.errors ?? 0, failedPaths.length);
  const numbers = { snapshot, files, directories, bytes, errors, failedPaths, durationSeconds };

  const notGood = (state: "Failed" | "Incomplete", why: Outcome["failures"][number] | undefined): RestoreResult => ({
    kind,
    state,
    reason: why?.reason,
    message: noticed(summary(why?.message, errors)),
    ...numbers,
  });

  const different = verified?.failedPaths.filter((path) => !restored?.hasFailed(path)) ?? [];
  if (verified && different.length > 0) {
    return notGood("Failed", worstOf(verified, "VerificationFailed"));
  }
  if (errors === 0) {
    return { kind, state: "Good", ...(notices.length > 0 && { message: noticed() }), ...numbers };
  }
  return notGood("Incomplete", restored && worstOf(restored));
}

/** Damage is told before what cannot be read at present. */
function worstOf({ failures }: Outcome, ...first: readonly FailureReason[]): Outcome["failures"][number] | undefined {
  const found = [...first, "RepositoryDamaged"].map((wanted) => failures.find(({ reason }) => reason === wanted));
  return found.find(Boolean) ?? failures[0];
}

const summary = (first: string | undefined, errors: number): string =>
  errors > 1 ? `${errors} paths are not as they were. The first: ${first}` : (first ?? "");

/** What happened. What the target holds now is for people (`leftIn`): in a cluster it goes with the volume. */
function brokenOff({ message }: Failure, soFar: SoFar | undefined): string {
  if (!soFar?.restored.touched) return message;
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  if (soFar.phase === "restore") return sentence;
  const { errors } = soFar.restored;
  const but = errors > 0 ? ` but for ${count(errors, "path")},` : ",";
  return `Restored${but} but not compared: ${sentence}`;
}

/** What the target of a restore that broke off holds now: the next one needs an empty folder. */
function leftIn({ target, isDevice, phase, ...of }: SoFar): string {
  if (phase === "verify") {
    const included = of.include.flatMap((path) => ["--include", path]);
    const options = ["--repository", of.repository, "--snapshot", of.snapshot, "--target", target, ...included];
    return `What was restored is in ${target}: compare it with: holdfast mover verify ${options.map(shellWord).join(" ")}`;
  }
  return isDevice
    ? `The device ${target} holds a part of the image, which is of no use: restore it again.`
    : `What was restored until then stays in ${target}: empty it before the next restore.`;
}

/** A word as a shell takes it. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** `soFar` is of one that broke off. */
export function describeRestore(result: RestoreResult, soFar?: SoFar): string {
  const { kind, state, message, files, directories, bytes, durationSeconds, errors, failedPaths, snapshot } = result;
  const missing = errors > 0 ? ["Not as they were:", ...failedPaths.map((path) => `  ${path}`)] : [];
  if (snapshot === undefined) {
    const left = soFar?.restored.touched ? soFar : undefined;
    const isRestored = left?.phase === "verify";
    const said = isRestored ? message : `The ${kind} failed: ${message}`;
    const numbers = `${count(files, "file")}, ${formatBytes(bytes)}.`;
    const came = files > 0 || bytes > 0 ? [`${isRestored ? "Restored were" : "Until then came"} ${numbers}`] : [];
    return [left ? `${said} ${leftIn(left)}` : said, ...came, ...missing].join("\n");
  }
  const done = kind === "restore" ? "restored" : "compared";
  return [
    `${state}: ${done} ${count(files, "file")} in ${count(directories, "folder")}, ${formatBytes(bytes)}, ` +
      `of snapshot ${snapshot.slice(0, 8)}, in ${durationSeconds} s.`,
    ...(errors > 0 ? [message, ...missing] : []),
  ].join("\n");
}
