import type { CopyState } from "../api/restorepoint.ts";
import type { CopyKind } from "./copy-kind.ts";

/**
 * Everything that the strategy of one policy is judged by, as plain data. The controller gathers it from objects; the
 * functions beside this file decide. Instants are RFC 3339 strings, lengths of time are seconds.
 */
export interface Evidence {
  /** The PVCs that the policy matches now. */
  readonly volumes: readonly VolumeEvidence[];
  /** PVCs that the policy names and that do not exist: promised, and not protected. */
  readonly missing?: readonly string[];
  /** PVCs that the policy names and that are being deleted. */
  readonly leaving?: readonly string[];
  /** Every target that any schedule of the policy names, in the order of their first naming. */
  readonly targets: readonly TargetEvidence[];
  /** The policy's restore points. Those of PVCs that do not match any more do no harm. */
  readonly points: readonly PointEvidence[];
  /** Results of restore tests: from the RestoreTests' status, and from the copies' `verified`. Order and repetition do not matter. */
  readonly tests: readonly TestEvidence[];
  readonly objectives: ObjectiveSeconds;
}

export interface VolumeEvidence {
  readonly pvc: string;
  readonly uid: string;
  /** The PVC's `creationTimestamp`. */
  readonly created: string;
  readonly bound: boolean;
  /** From the StorageClass annotation `holdfast.dev/media`; `disk` where it has none. */
  readonly medium: string;
}

export interface TargetEvidence {
  readonly name: string;
  readonly media: string;
  readonly offsite: boolean;
  /** What the policy's schedules make there: each kind has to be proven. */
  readonly kinds: readonly CopyKind[];
  /** The target's own `maxAge`; the RPO where it is absent. */
  readonly maxAgeSeconds?: number;
  /**
   * Which store it is (`storeIdentity`): targets with the same identity are one copy. Absent where the BackupTarget object
   * does not exist: what cannot be found proves nothing.
   */
  readonly store?: string;
}

export interface PointEvidence {
  readonly name: string;
  readonly pvc: string;
  readonly pvcUid: string;
  readonly kind: CopyKind;
  /** The instant the data is from. */
  readonly time: string;
  readonly copies: readonly CopyEvidence[];
}

export interface CopyEvidence {
  readonly target: string;
  readonly state: CopyState;
  /** When it was written, by the clock of whoever wrote it; the point's own time is the volume snapshot's. */
  readonly completed?: string;
}

export interface TestEvidence {
  readonly pvc: string;
  /** Of the volume whose copy was restored, where that is known. */
  readonly pvcUid?: string;
  readonly target: string;
  /** What was restored. */
  readonly kind: CopyKind;
  readonly result: "Passed" | "Failed";
  readonly time: string;
  /** The measured time of the restore. */
  readonly restoreSeconds?: number;
  readonly restoreTest?: string;
  readonly restorePoint?: string;
  /** Why it failed. */
  readonly message?: string;
}

export interface ObjectiveSeconds {
  readonly rpoSeconds: number;
  readonly rtoSeconds?: number;
  readonly verifiedWithinSeconds: number;
}

/** What a condition will say. */
export interface Verdict {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  /** Names the volume, the target, what is missing and since when. Holds no ages, so that it changes only when the facts do. */
  readonly message: string;
  /** The instant at which time alone may change the verdict: judge again then. */
  readonly judgeAgainAt?: Date;
}

/**
 * Which store an S3 target is in: the endpoint's host and port, and the bucket. Prefixes do not matter, because a bucket is lost as a
 * whole. AWS's buckets have names of their own in all regions, so that there the endpoint does not matter either. An endpoint that is no URL (a port
 * that does not exist, say) stands for itself: its target is refused elsewhere, and the others are judged.
 */
export function storeIdentity(s3: { readonly endpoint?: string; readonly bucket: string }): string {
  const host = s3.endpoint === undefined ? "amazonaws.com" : (URL.parse(s3.endpoint)?.host ?? s3.endpoint);
  return `${/(^|\.)amazonaws\.com$/.test(host) ? "amazonaws.com" : host}/${s3.bucket}`;
}
