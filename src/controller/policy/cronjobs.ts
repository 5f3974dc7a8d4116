import { cronJobName, label } from "../../api/names.ts";
import type { BackupPolicy } from "../../api/objects.ts";
import type { Schedule } from "../../api/policy.ts";
import { backupPolicies } from "../../kube/holdfast.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { runnerCronJob } from "../cronjobs/manifest.ts";
import { runnerLabels } from "../cronjobs/runner-job.ts";
import type { RunnerImage } from "../options.ts";
import { controllerReference } from "../owners.ts";
import { isSuspended, zoneOf } from "./input.ts";

export const scheduleCronJobName = (policy: BackupPolicy, schedule: { readonly name: string }): string =>
  cronJobName(policy.metadata.name, schedule.name);

/** The CronJob of one schedule, as it should be. */
export function scheduleCronJob(policy: Stored<BackupPolicy>, schedule: Schedule, image: RunnerImage): CronJob {
  const { name, namespace } = policy.metadata;
  return runnerCronJob({
    name: scheduleCronJobName(policy, schedule),
    namespace,
    owner: controllerReference(backupPolicies, policy),
    cron: schedule.cron,
    timeZone: zoneOf(policy, schedule),
    suspend: isSuspended(policy, schedule),
    runner: {
      ...image,
      args: ["runner", "backup", "--policy", name, "--schedule", schedule.name],
      mover: policy.spec.mover,
      labels: runnerLabels({ [label.policy]: name, [label.schedule]: schedule.name }),
    },
  });
}
