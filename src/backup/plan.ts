import { hostname as machineName } from "node:os";
import { resolve } from "node:path";
import type { BackupConfig, RepositoryLocation } from "../contract/configs.ts";
import type { LeftOut } from "../contract/results.ts";
import { RepositoryError } from "../repository/errors.ts";
import type { PackingPool } from "../repository/packing-pool.ts";
import { formatTime, parseTime } from "../repository/time.ts";
import type { Id } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import type { ArchiveTotals } from "./archive.ts";
import type { Failures } from "./failures.ts";

export interface OpenedLocation {
  readonly storage: Storage;
  readonly password: string;
  /** Why no key should be made with it: restic takes another password from the same file. */
  readonly passwordFlaw?: string | undefined;
}

export interface BackupProgress {
  readonly phase: string;
  readonly bytesDone: number;
  readonly filesDone: number;
}

/** What a run says of itself in snapshots, with everything that was left open decided. */
export interface RunFacts {
  readonly hostname: string;
  /** Absolute path of the source in the snapshots. */
  readonly path: string;
  /** RFC 3339: the instant the data is from, and the one when the run began. */
  readonly time: string;
  readonly started: string;
  readonly tags: readonly string[];
}

export interface BackupPlan extends RunFacts {
  readonly config: BackupConfig;
  readonly signal: AbortSignal;
  readonly patienceMilliseconds: number;
  /** Shared by all targets. */
  readonly packing: PackingPool;
  readonly open: (location: RepositoryLocation) => Promise<OpenedLocation> | OpenedLocation;
}

/** What the shared read gave. */
export interface ReadResult {
  /** The outermost tree. */
  readonly tree: Id;
  readonly totals: ArchiveTotals;
  readonly failures: Failures;
  /** Undefined where there was no rule that could leave anything out. */
  readonly leftOut: LeftOut | undefined;
  readonly isAllLeftOut: boolean;
  /** A device that holds nothing but zeros. */
  readonly isBlank?: boolean;
}

export type BackupTarget = BackupConfig["targets"][number];

/** `started` in milliseconds since 1970. Throws `InvalidConfiguration`. */
export function runFacts(config: BackupConfig, started: number): RunFacts {
  const startTime = formatTime(BigInt(started) * 1_000_000n);
  const time = config.time === undefined ? undefined : parseTime(config.time);
  if (config.time !== undefined && time === undefined) {
    throw new RepositoryError("InvalidConfiguration", `The time ${config.time} is not in RFC 3339.`);
  }
  const path = config.path ?? resolve(config.source);
  if (!path.startsWith("/"))
    throw new RepositoryError("InvalidConfiguration", `The path ${path} does not begin with a slash.`);
  return {
    hostname: config.hostname ?? machineName(),
    path,
    time: time === undefined ? startTime : formatTime(time),
    started: startTime,
    tags: [...new Set([...config.tags, ...(config.runTag ? [config.runTag] : [])])],
  };
}
