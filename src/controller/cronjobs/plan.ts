import type { CronJob, Stored } from "../../kube/types.ts";
import { isOwnedBy } from "../owners.ts";

/** The reason for not being Ready while an old CronJob is still being deleted. */
export const cronJobLeaving = "CronJobLeaving";

/** What has to be done so that the CronJobs of one owner are as they should be. */
export type CronJobPlan = {
  readonly create: readonly CronJob[];
  readonly replace: readonly Replacement[];
  /** No more runs from these, which are removed once the run that is under way has ended. */
  readonly suspend: readonly Stored<CronJob>[];
  readonly remove: readonly Stored<CronJob>[];
  /** Names that belong to somebody else; their CronJobs are never touched. */
  readonly taken: readonly string[];
  /** Names whose old object is still being deleted. */
  readonly leaving: readonly string[];
};

export type Replacement = { readonly present: Stored<CronJob>; readonly desired: CronJob };

export type CronJobPlanInput = {
  readonly ownerUid: string;
  readonly desired: readonly CronJob[];
  /** Names that stay as they are: the CronJob of a schedule whose present form cannot be applied. */
  readonly keep: readonly string[];
  /** All CronJobs of the namespace. */
  readonly existing: readonly Stored<CronJob>[];
  /** Whether the object is as we wrote it last, and we would write the same now. */
  readonly isCurrent: (existing: Stored<CronJob>, desired: CronJob) => boolean;
  readonly hasRunning: (cronJob: Stored<CronJob>) => boolean;
};

export function planCronJobs(input: CronJobPlanInput): CronJobPlan {
  const { ownerUid, desired, keep, existing, isCurrent, hasRunning } = input;
  const byName = new Map(existing.map((cronJob) => [cronJob.metadata.name, cronJob]));
  const isOurs = (cronJob: Stored<CronJob>) => isOwnedBy(cronJob, ownerUid);
  const isLeaving = (cronJob: Stored<CronJob>) => cronJob.metadata.deletionTimestamp !== undefined;

  const wanted = desired.map((cronJob) => ({ cronJob, present: byName.get(cronJob.metadata.name) }));
  const names = new Set([...desired.map((cronJob) => cronJob.metadata.name), ...keep]);
  const surplus = existing.filter(
    (cronJob) => isOurs(cronJob) && !isLeaving(cronJob) && !names.has(cronJob.metadata.name),
  );
  return {
    create: wanted.flatMap(({ cronJob, present }) => (present ? [] : [cronJob])),
    replace: wanted.flatMap(({ cronJob, present }) => {
      if (!present || !isOurs(present) || isLeaving(present) || isCurrent(present, cronJob)) return [];
      return [{ present, desired: cronJob }];
    }),
    suspend: surplus.filter((cronJob) => hasRunning(cronJob) && cronJob.spec?.suspend !== true),
    remove: surplus.filter((cronJob) => !hasRunning(cronJob)),
    taken: wanted.flatMap(({ present }) =>
      present && !isOurs(present) && !isLeaving(present) ? [present.metadata.name] : [],
    ),
    leaving: wanted.flatMap(({ present }) => (present && isLeaving(present) ? [present.metadata.name] : [])),
  };
}
