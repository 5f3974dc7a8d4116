import type { BackupConfig, RepositoryLocation } from "../mover/contract.ts";
import type { Id } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import type { ArchiveTotals } from "./archive.ts";
import type { Failures } from "./failures.ts";

export interface OpenedLocation {
  readonly storage: Storage;
  readonly password: string;
}

export interface BackupProgress {
  readonly phase: string;
  readonly bytesDone: number;
  readonly filesDone: number;
}

/** One run, with everything that was left open decided. */
export interface BackupPlan {
  readonly config: BackupConfig;
  readonly hostname: string;
  /** Absolute path of the source in the snapshots. */
  readonly path: string;
  /** RFC 3339: the instant the data is from, and the one when the run began. */
  readonly time: string;
  readonly started: string;
  readonly tags: readonly string[];
  readonly signal: AbortSignal;
  readonly patienceMilliseconds: number;
  readonly open: (location: RepositoryLocation) => Promise<OpenedLocation> | OpenedLocation;
}

/** What the shared read gave. */
export interface ReadResult {
  /** The outermost tree. */
  readonly tree: Id;
  readonly totals: ArchiveTotals;
  readonly failures: Failures;
}

export type BackupTarget = BackupConfig["targets"][number];
