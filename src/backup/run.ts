import type { BackupResult } from "../contract/results.ts";
import { createPackingPool } from "../repository/packing-pool.ts";
import { blockTag } from "../repository/volume-image.ts";
import { type BackupPlan, type BackupProgress, type ReadResult, runFacts } from "./plan.ts";
import { checkSource, readSource } from "./read-source.ts";
import type { TargetSession } from "./session.ts";
import { shareRead } from "./shared-read.ts";
import { failedResult, runTarget, type TargetOutcome } from "./target.ts";

export interface BackupOptions extends Pick<BackupPlan, "config"> {
  /** Makes the store of a location and reads its password; may throw a `RepositoryError` or a `StorageError`. */
  readonly open: BackupPlan["open"];
  /** Called for every file and chunk: whoever prints limits the rate. */
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Stops the run; its result is then `Interrupted`. */
  readonly signal?: AbortSignal;
  /** How long one target may keep the others waiting; then they go on without it, and it gets a read of its own afterwards. */
  readonly patienceMilliseconds?: number;
}

const defaultPatience = 15_000;

/**
 * Reads the source once and makes a snapshot of it on every target. Never rejects for what can go wrong with a target or the
 * source: the result says it, target by target.
 */
export async function runBackup(options: BackupOptions): Promise<BackupResult> {
  const started = Date.now();
  const everywhere = await backUpEverywhere(options, started);
  const failures = everywhere.reads.map((read) => read.failures).sort((a, b) => b.count - a.count)[0];
  const leftOut = everywhere.reads.at(-1)?.leftOut;
  const targets = everywhere.outcomes.map(({ result }) => result);
  const worst = targets.find(({ state }) => state === "Failed") ?? targets.find(({ state }) => state === "Incomplete");
  return {
    kind: "backup",
    state: worst?.state ?? "Good",
    ...(worst?.reason && { reason: worst.reason }),
    ...(worst && { message: `Target ${worst.target}: ${worst.message ?? worst.reason}` }),
    ...totalsOf(everywhere),
    errors: failures?.count ?? 0,
    failedPaths: [...(failures?.paths ?? [])],
    ...(leftOut && { leftOut }),
    durationSeconds: (Date.now() - started) / 1000,
    targets,
  };
}

interface EverywhereResult {
  readonly outcomes: readonly TargetOutcome[];
  /** Those that some target took part in: one; more where a target came late or could not keep up with the others. */
  readonly reads: readonly ReadResult[];
}

async function backUpEverywhere(options: BackupOptions, started: number): Promise<EverywhereResult> {
  const { config, onProgress = () => {} } = options;
  let plan: BackupPlan;
  try {
    plan = planOf(options, started);
    if (checkSource(config) === "Device") plan = { ...plan, tags: [...plan.tags, blockTag] };
  } catch (error) {
    return { outcomes: config.targets.map((target) => ({ result: failedResult(target, error, []) })), reads: [] };
  }
  const reads: ReadResult[] = [];
  let reading: Promise<unknown> = Promise.resolve();
  const shared = shareRead({
    expected: config.targets.length,
    patienceMilliseconds: plan.patienceMilliseconds,
    isBehind: (session: TargetSession) => session.isBehind,
    async read(sessions) {
      const read = readSource(plan, sessions, onProgress);
      reading = read;
      reads.push(await read);
      return read;
    },
  });
  try {
    const outcomes = await Promise.all(
      config.targets.map(async (target) => {
        const read = shared.participant();
        const outcome = await runTarget({ plan, target, read });
        read.leave();
        return outcome;
      }),
    );
    return { outcomes, reads: reads.filter((read) => outcomes.some((outcome) => outcome.read === read)) };
  } finally {
    // Who gave it up has not waited for it.
    await reading.catch(() => {});
    await plan.packing.close();
  }
}

function planOf(
  { config, open, signal, patienceMilliseconds = defaultPatience }: BackupOptions,
  started: number,
): BackupPlan {
  return {
    ...runFacts(config, started),
    config,
    open,
    signal: signal ?? new AbortController().signal,
    patienceMilliseconds,
    packing: createPackingPool(),
  };
}

/** What was read; where nothing was, because an earlier attempt had done everything, what that one noted. */
function totalsOf({
  reads,
  outcomes,
}: EverywhereResult): Pick<BackupResult, "files" | "directories" | "bytes" | "bytesRead"> {
  const last = reads.at(-1);
  if (last) {
    const { files, folders, bytes } = last.totals;
    return {
      files,
      directories: folders,
      bytes,
      bytesRead: reads.reduce((sum, { totals }) => sum + totals.bytesRead, 0),
    };
  }
  const summary = outcomes.find(({ snapshot }) => snapshot?.summary)?.snapshot?.summary;
  return {
    files: summary?.total_files_processed ?? 0,
    directories: summary ? summary.dirs_new + summary.dirs_changed + summary.dirs_unmodified : 0,
    bytes: summary?.total_bytes_processed ?? 0,
    bytesRead: 0,
  };
}
