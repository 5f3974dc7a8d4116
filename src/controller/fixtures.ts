import {
  type BackupPolicy,
  type BackupTarget,
  parseBackupPolicy,
  parseBackupTarget,
  type RestorePoint,
} from "../api/objects.ts";
import type { RestorePointStatus } from "../api/restorepoint.ts";
import type { CronJob, Job, PersistentVolumeClaim, Pod, Stored } from "../kube/types.ts";
import type { RunReport } from "../runner/contract.ts";

/** Objects for this folder's tests, as the API server would send them. The present is 2026-11-23T12:00:00Z. */

export const now = new Date("2026-11-23T12:00:00Z");

/** An instant so many hours before the present. */
export const hoursAgo = (hours: number): string => new Date(now.getTime() - hours * 3600_000).toISOString();

export const meta = (name: string, more: object = {}) => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: hoursAgo(240),
  ...more,
});

export function policyOf(spec: object = {}, status?: BackupPolicy["status"]): Stored<BackupPolicy> {
  return parseBackupPolicy({
    metadata: meta("shop"),
    status,
    spec: {
      volumes: { names: ["data"] },
      schedules: [{ name: "nightly", type: "Incremental", cron: "0 1 * * *", targets: ["onprem"] }],
      objectives: { rpo: "26h" },
      ...spec,
    },
  }) as Stored<BackupPolicy>;
}

export const targetOf = (
  name: string,
  of: { readonly ready?: "True" | "False"; readonly spec?: object } = {},
): Stored<BackupTarget> =>
  parseBackupTarget({
    metadata: meta(name),
    spec: {
      s3: { bucket: `bucket-${name}`, credentialsSecretRef: { name: "keys" } },
      encryption: { passwordSecretRef: { name: "key", key: "password" } },
      ...of.spec,
    },
    status: of.ready && {
      conditions: [
        { type: "Ready", status: of.ready, reason: "BucketNotFound", message: "", lastTransitionTime: hoursAgo(1) },
      ],
    },
  }) as Stored<BackupTarget>;

export const claimOf = (name: string, more: object = {}): Stored<PersistentVolumeClaim> => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: meta(name, more),
  status: { phase: "Bound" },
});

export const pointOf = (of: {
  readonly name?: string;
  readonly hours: number;
  readonly pvc?: string;
  readonly status?: RestorePointStatus;
}): Stored<RestorePoint> => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "RestorePoint",
  metadata: meta(of.name ?? `point-${of.hours}`),
  spec: {
    policy: "shop",
    schedule: "nightly",
    pvc: { name: of.pvc ?? "data", uid: `uid-${of.pvc ?? "data"}` },
    chain: "20261123T010000Z",
    type: "Full",
    time: hoursAgo(of.hours),
    run: "run",
    source: {},
  },
  status: of.status,
});

export type JobEnd = { readonly type: "Complete" | "Failed"; readonly reason?: string; readonly hours: number };

export function jobOf(
  name: string,
  of: { readonly hours: number; readonly end?: JobEnd; readonly labels?: object; readonly more?: object },
): Stored<Job> {
  const { end } = of;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: meta(name, { creationTimestamp: hoursAgo(of.hours), labels: of.labels, ...of.more }),
    status: {
      startTime: hoursAgo(of.hours),
      conditions: end
        ? [
            {
              type: end.type,
              status: "True",
              reason: end.reason,
              message: "the Job ended",
              lastTransitionTime: hoursAgo(end.hours),
            },
          ]
        : [],
    },
  };
}

/** A runner's pod that has ended with a report. */
export function reportingPod(outcome: RunReport["outcome"], reason: string): Stored<Pod> {
  const message = JSON.stringify({ outcome, reason, message: `said ${reason}`, startTime: "", completionTime: "" });
  const state = { terminated: { exitCode: outcome === "Succeeded" ? 0 : 1, message } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(`pod-${reason.toLowerCase()}`),
    status: {
      containerStatuses: [{ name: "runner", image: "i", imageID: "", ready: false, restartCount: 0, state }],
    },
  };
}

export const foreignCronJob = (name: string): Stored<CronJob> => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: meta(name),
  spec: { schedule: "0 0 * * *", jobTemplate: {} },
});
