import { z } from "zod";
import { runOutcome } from "../api/runs.ts";

/**
 * What a runner tells the controller: the termination message of its pod, at most 4,096 bytes of JSON. The controller
 * turns it into `status` and conditions of the policy, the restore test or the restore.
 */
export const runReport = z.strictObject({
  outcome: runOutcome,
  reason: z.string(),
  message: z.string(),
  startTime: z.string(),
  completionTime: z.string(),
});
export type RunReport = z.infer<typeof runReport>;

/** Reasons of a run of its own; beside them, any mover's `FailureReason` of the first volume that failed. */
export const runReason = {
  succeeded: "Succeeded",
  volumesFailed: "VolumesFailed",
  copiesFailed: "CopiesFailed",
  noVolumesMatch: "NoVolumesMatch",
  policyNotFound: "PolicyNotFound",
  policyInvalid: "PolicyInvalid",
  targetNotFound: "TargetNotFound",
  targetInvalid: "TargetInvalid",
  secretNotFound: "SecretNotFound",
  volumeBusy: "VolumeBusy",
  holdLost: "HoldLost",
  volumeNotFound: "VolumeNotFound",
  volumeNotBound: "VolumeNotBound",
  snapshotClassNotFound: "SnapshotClassNotFound",
  snapshotUnsupported: "SnapshotUnsupported",
  snapshotFailed: "SnapshotFailed",
  storageClassUnsuitable: "StorageClassUnsuitable",
  provisioningFailed: "ProvisioningFailed",
  quotaExceeded: "QuotaExceeded",
  unschedulable: "Unschedulable",
  podRefused: "PodRefused",
  mountFailed: "MountFailed",
  imageUnavailable: "ImageUnavailable",
  timeLimitExceeded: "TimeLimitExceeded",
  moverLost: "MoverLost",
  retentionFailed: "RetentionFailed",
  restoreNotFound: "RestoreNotFound",
  restoreTestNotFound: "RestoreTestNotFound",
  nameTaken: "NameTaken",
  pointHeld: "PointHeld",
  noRestorePoint: "NoRestorePoint",
  restorePointTooOld: "RestorePointTooOld",
  checkFailed: "CheckFailed",
  verificationFailed: "VerificationFailed",
  suspended: "Suspended",
  interrupted: "Interrupted",
  internalError: "InternalError",
} as const;

/** Environment of a runner's pod, set by the controller through the downward API and plain values. */
export const runnerEnv = {
  namespace: "HOLDFAST_NAMESPACE",
  podName: "HOLDFAST_POD_NAME",
  podUid: "HOLDFAST_POD_UID",
  jobName: "HOLDFAST_JOB_NAME",
  jobUid: "HOLDFAST_JOB_UID",
  /** The image that movers run: the operator's own. */
  image: "HOLDFAST_IMAGE",
  imagePullPolicy: "HOLDFAST_IMAGE_PULL_POLICY",
} as const;

/** The runner's service account in each namespace, and the chart's ClusterRoles it is bound to. */
export const runnerServiceAccount = "holdfast-runner";
export const runnerClusterRole = "holdfast-runner";
export const runnerClusterReadRole = "holdfast-runner-cluster-read";
