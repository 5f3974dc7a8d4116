import type { Failures } from "../backup/failures.ts";
import { type BackupProgress, type RunFacts, runFacts } from "../backup/plan.ts";
import { checkSource } from "../backup/read-source.ts";
import { failedResult, type TargetResult } from "../backup/target.ts";
import type { BackupConfig, RepositoryLocation } from "../contract/configs.ts";
import type { BackupResult } from "../contract/results.ts";
import { RepositoryError } from "../repository/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { MassChangeError, ReadErrorsError } from "./errors.ts";
import { withMirrorLock } from "./locks.ts";
import { type Mirrored, makeMirror } from "./mirror.ts";

export interface MirrorRunOptions {
  readonly config: BackupConfig;
  readonly settings: NonNullable<BackupConfig["mirror"]>;
  /** Makes the store of a location; may throw a `RepositoryError` or a `StorageError`. */
  readonly openStorage: (location: RepositoryLocation) => Promise<Storage>;
  readonly onProgress?: (progress: BackupProgress) => void;
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly result: TargetResult;
  readonly mirrored?: Mirrored;
  readonly failures?: Failures | undefined;
}

/**
 * Makes the mirror of the source on each target, one after the other: each reads what changed since its own last run. Never rejects for what can go
 * wrong with a target or the source: the result says it, target by target.
 */
export async function runMirror(options: MirrorRunOptions): Promise<BackupResult> {
  const started = Date.now();
  const { config } = options;
  const outcomes: Outcome[] = [];
  for (const target of config.targets) outcomes.push(await mirrorTarget(options, target, started));
  const targets = outcomes.map(({ result }) => result);
  const worst = targets.find(({ state }) => state !== "Good");
  const failures = outcomes.find((outcome) => outcome.failures)?.failures;
  const last = outcomes.findLast(({ mirrored }) => mirrored)?.mirrored;
  const summary = last?.manifest.summary;
  return {
    kind: "backup",
    state: worst?.state ?? "Good",
    ...(worst?.reason && { reason: worst.reason }),
    ...(worst && { message: `Target ${worst.target}: ${worst.message ?? worst.reason}` }),
    files: summary?.total_files_processed ?? 0,
    directories: summary?.dirs_unmodified ?? 0,
    bytes: summary?.total_bytes_processed ?? 0,
    bytesRead: outcomes.reduce((sum, { mirrored }) => sum + (mirrored?.totals?.bytesRead ?? 0), 0),
    errors: failures?.count ?? 0,
    failedPaths: [...(failures?.paths ?? [])],
    ...(last?.leftOut && { leftOut: last.leftOut }),
    durationSeconds: (Date.now() - started) / 1000,
    targets,
  };
}

type MirrorTarget = BackupConfig["targets"][number];

async function mirrorTarget(options: MirrorRunOptions, target: MirrorTarget, started: number): Promise<Outcome> {
  const { config, settings, signal, onProgress = () => {} } = options;
  const notices: string[] = [];
  try {
    const facts: RunFacts = runFacts(config, started);
    if (checkSource(config) === "Device") {
      const message = `${config.source} is a block device, and a mirror keeps files: make a Full or an Incremental.`;
      throw new RepositoryError("InvalidConfiguration", message);
    }
    const storage = await options.openStorage(target.repository);
    const lockOptions = {
      exclusive: true,
      identity: config.lock,
      signal,
      onNotice: (notice: string) => notices.push(notice),
    };
    const mustExist = target.expect === "Present";
    const mirrored = await withMirrorLock(storage, lockOptions, (lock) =>
      makeMirror({ storage, config, facts, settings, mustExist, lock, onProgress }),
    );
    return { mirrored, result: goodResult(target, mirrored, notices) };
  } catch (error) {
    const massChange = error instanceof MassChangeError ? error.change : undefined;
    const failures = error instanceof ReadErrorsError ? error.failures : undefined;
    return { result: { ...failedResult(target, error, notices), ...(massChange && { massChange }) }, failures };
  }
}

function goodResult(target: MirrorTarget, { manifest, totals }: Mirrored, notices: readonly string[]): TargetResult {
  const repeated = totals ? [] : ["An earlier attempt at this run had made the mirror already."];
  const message = [...repeated, ...notices].join(" ");
  return {
    target: target.name,
    state: "Good",
    ...(message && { message }),
    repository: target.repository.url,
    type: "Mirror",
    snapshot: manifest.id,
    bytesAdded: totals?.bytesStored ?? 0,
    bytesStored: totals?.bytesStored ?? 0,
  };
}
