import type { BackupPolicy, BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { Schedule } from "../../api/policy.ts";
import type { CronJob, PersistentVolumeClaim, StorageClass, Stored, VolumeSnapshotClass } from "../../kube/types.ts";
import type { RunFacts } from "../runs/summary.ts";

/** All that a policy is judged by and turned into CronJobs from. */
export type PolicyInput = {
  readonly policy: Stored<BackupPolicy>;
  /** All of the policy's namespace. */
  readonly claims: readonly Stored<PersistentVolumeClaim>[];
  readonly targets: readonly Stored<BackupTarget>[];
  readonly cronJobs: readonly Stored<CronJob>[];
  /** All of the cluster. */
  readonly storageClasses: readonly Stored<StorageClass>[];
  readonly snapshotClasses: readonly Stored<VolumeSnapshotClass>[];
  /** Those of this policy. */
  readonly points: readonly Stored<RestorePoint>[];
  readonly tests: readonly Stored<RestoreTest>[];
  readonly runs: readonly ScheduleRun[];
};

export type ScheduleRun = { readonly schedule: string; readonly facts: RunFacts };

/** The zone that a schedule's times are in. */
export const zoneOf = (policy: BackupPolicy, schedule: Schedule): string => schedule.timeZone ?? policy.spec.timeZone;

export const isSuspended = (policy: BackupPolicy, schedule: Schedule): boolean =>
  policy.spec.suspend || schedule.suspend;

/** Every target that any schedule names, in the order of their first naming. */
export const targetNames = (policy: BackupPolicy): readonly string[] => [
  ...new Set(policy.spec.schedules.flatMap((schedule) => schedule.targets)),
];
