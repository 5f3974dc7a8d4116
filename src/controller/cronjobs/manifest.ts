import type { CronJob, OwnerReference } from "../../kube/types.ts";
import { startingDeadlineSeconds } from "../../policy/schedules.ts";
import { type RunnerPod, runnerJobSpec } from "./runner-job.ts";

export type RunnerCronJob = {
  readonly name: string;
  readonly namespace: string;
  readonly owner: OwnerReference;
  readonly cron: string;
  readonly timeZone: string;
  readonly suspend: boolean;
  readonly runner: RunnerPod;
};

/**
 * The CronJob of one schedule. Jobs that somebody makes from it by hand carry the same labels. `suspend` is always said,
 * as a field that nobody sets keeps the value it had.
 */
export function runnerCronJob(input: RunnerCronJob): CronJob {
  const { labels } = input.runner;
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: input.name, namespace: input.namespace, labels, ownerReferences: [input.owner] },
    spec: {
      schedule: input.cron,
      timeZone: input.timeZone,
      suspend: input.suspend,
      concurrencyPolicy: "Forbid",
      // A run that could not start within this time of its slot waits for the next one, rather than come at a bad moment.
      startingDeadlineSeconds,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: { metadata: { labels }, spec: runnerJobSpec(input.runner) },
    },
  };
}
