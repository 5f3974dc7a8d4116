import { statSync } from "node:fs";
import { hostname as machineName } from "node:os";
import { resolve } from "node:path";
import type { BackupResult } from "../mover/contract.ts";
import { RepositoryError, reasonOf } from "../repository/errors.ts";
import { formatTime, parseTime } from "../repository/time.ts";
import { type Archive, archiveFolder } from "./archive.ts";
import { excludeBy } from "./excludes.ts";
import { collectFailures } from "./failures.ts";
import { rootParents } from "./parents.ts";
import type { BackupPlan, BackupProgress, ReadResult } from "./plan.ts";
import { wrapInPath } from "./root.ts";
import type { TargetSession } from "./session.ts";
import { shareRead } from "./shared-read.ts";
import { deviceNumbers, isFileSystemError, listNames } from "./source.ts";
import { runTarget, type TargetOutcome } from "./target.ts";

export interface BackupOptions extends Pick<BackupPlan, "config"> {
  /** Makes the store of a location and reads its password; may throw a `RepositoryError` or a `StorageError`. */
  readonly open: BackupPlan["open"];
  /** Called for every file: whoever prints limits the rate. */
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Stops the run; its result is then `Interrupted`. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the source once and makes a snapshot of it on every target. Never rejects for what can go wrong with a target or the
 * source: the result says it, target by target.
 */
export async function runBackup(options: BackupOptions): Promise<BackupResult> {
  const started = Date.now();
  const { outcomes, read } = await backUpEverywhere(options, started);
  const totals = totalsOf(read, outcomes);
  const targets = outcomes.map(({ result }) => result);
  const worst = targets.find(({ state }) => state === "Failed") ?? targets.find(({ state }) => state === "Incomplete");
  return {
    kind: "backup",
    state: worst?.state ?? "Good",
    ...(worst?.reason && { reason: worst.reason }),
    ...(worst && { message: `Target ${worst.target}: ${worst.message ?? worst.reason}` }),
    ...totals,
    errors: read?.failures.count ?? 0,
    failedPaths: [...(read?.failures.paths ?? [])],
    durationSeconds: (Date.now() - started) / 1000,
    targets,
  };
}

interface EverywhereResult {
  readonly outcomes: readonly TargetOutcome[];
  readonly read: ReadResult | undefined;
}

async function backUpEverywhere(options: BackupOptions, started: number): Promise<EverywhereResult> {
  const { config } = options;
  let plan: BackupPlan;
  try {
    plan = planOf(options, started);
    checkSource(config.source);
  } catch (error) {
    return {
      outcomes: config.targets.map(({ name, repository }) => failedOutcome(name, repository.url, error)),
      read: undefined,
    };
  }
  let result: ReadResult | undefined;
  const read = shareRead(config.targets.length, async (sessions: readonly TargetSession[]) => {
    result = await readSource(plan, sessions, options.onProgress);
    return result;
  });
  const outcomes = await Promise.all(
    config.targets.map(async (target) => {
      const participant = read.participant();
      try {
        return await runTarget({ plan, target, read: participant, notices: [] });
      } finally {
        participant.leave();
      }
    }),
  );
  return { outcomes, read: result };
}

function planOf({ config, open, signal }: BackupOptions, started: number): BackupPlan {
  const startTime = formatTime(BigInt(started) * 1_000_000n);
  const time = config.time === undefined ? undefined : parseTime(config.time);
  if (config.time !== undefined && time === undefined) {
    throw new RepositoryError("InvalidConfiguration", `The time ${config.time} is not in RFC 3339.`);
  }
  const path = config.path ?? resolve(config.source);
  if (!path.startsWith("/"))
    throw new RepositoryError("InvalidConfiguration", `The path ${path} does not begin with a slash.`);
  return {
    config,
    open,
    hostname: config.hostname ?? machineName(),
    path,
    time: time === undefined ? startTime : formatTime(time),
    started: startTime,
    tags: [...new Set([...config.tags, ...(config.runTag ? [config.runTag] : [])])],
    signal: signal ?? new AbortController().signal,
  };
}

/** Before any repository is touched. */
function checkSource(source: string): void {
  try {
    if (!statSync(source).isDirectory())
      throw new RepositoryError("SourceUnreadable", `The source ${source} is not a folder.`);
    listNames(Buffer.from(source));
  } catch (cause) {
    if (cause instanceof RepositoryError) throw cause;
    throw sourceUnreadable(source, cause);
  }
}

const sourceUnreadable = (source: string, cause: unknown): RepositoryError =>
  new RepositoryError(
    "SourceUnreadable",
    `The source ${source} cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
    { cause },
  );

async function readSource(
  plan: BackupPlan,
  sessions: readonly TargetSession[],
  onProgress: BackupOptions["onProgress"],
): Promise<ReadResult> {
  const { source, excludes } = plan.config;
  const totals = { files: 0, folders: 0, bytes: 0, bytesRead: 0, entries: 0 };
  const failures = collectFailures();
  const archive: Archive = {
    sessions,
    isExcluded: excludeBy(excludes),
    failures,
    signal: plan.signal,
    deviceNumber: deviceNumbers(),
    hardLinks: new Map(),
    totals,
    onProgress: () => onProgress?.({ phase: "backup", bytesDone: totals.bytes, filesDone: totals.files }),
  };
  try {
    const tree = await archiveFolder(archive, {
      path: Buffer.from(source),
      relative: "",
      parents: await rootParents(sessions, plan.path),
    });
    return { tree: await wrapInPath({ sessions, source, path: plan.path, tree }), totals, failures };
  } catch (error) {
    throw isFileSystemError(error) ? sourceUnreadable(source, error) : error;
  }
}

/** What was read; where nothing was, because an earlier attempt had done everything, what that one noted. */
function totalsOf(
  read: ReadResult | undefined,
  outcomes: readonly TargetOutcome[],
): Pick<BackupResult, "files" | "directories" | "bytes" | "bytesRead"> {
  if (read) {
    const { files, folders, bytes, bytesRead } = read.totals;
    return { files, directories: folders, bytes, bytesRead };
  }
  const summary = outcomes.find(({ snapshot }) => snapshot?.summary)?.snapshot?.summary;
  if (!summary) return { files: 0, directories: 0, bytes: 0, bytesRead: 0 };
  return {
    files: summary.total_files_processed,
    directories: summary.dirs_new + summary.dirs_changed + summary.dirs_unmodified,
    bytes: summary.total_bytes_processed,
    bytesRead: 0,
  };
}

const failedOutcome = (target: string, repository: string, error: unknown): TargetOutcome => ({
  result: {
    target,
    state: "Failed",
    reason: reasonOf(error),
    message: error instanceof Error ? error.message : String(error),
    repository,
  },
});
