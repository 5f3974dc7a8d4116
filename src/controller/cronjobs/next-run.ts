import type { Condition } from "../../api/conditions.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { type CronSchedule, nextTime } from "../../policy/schedules.ts";
import { findCondition, isTrue } from "../conditions.ts";
import { type CronJobPlan, cronJobLeaving } from "./plan.ts";

/**
 * Whether a CronJob will be there as it should be when the status is written that tells of it: what the plan asks for is written before.
 * Not where that failed the last time, nor while the old object is being deleted. `conditions` are those of its owner.
 */
export const isAwaited = (of: {
  readonly name: string;
  readonly plan: CronJobPlan;
  readonly conditions: readonly Condition[] | undefined;
}): boolean => !wasRefused(of.conditions) && !of.plan.leaving.includes(of.name);

/** Whether the last try to judge the owner, and to write what it asks for, failed. */
function wasRefused(conditions: readonly Condition[] | undefined): boolean {
  const { reason } = findCondition(conditions, "Ready") ?? {};
  return isTrue(conditions, "Reconciling") && reason !== cronJobLeaving;
}

/** When the next run by `rule` is due; `undefined` where Kubernetes will start none, as no CronJob says so. */
export const nextRun = (of: {
  readonly rule: CronSchedule;
  /** The CronJob as it is, where it is its owner's. */
  readonly present: Stored<CronJob> | undefined;
  readonly isAwaited: boolean;
  readonly now: Date;
}): Date | undefined => (of.isAwaited || runsBy(of.present, of.rule) ? nextTime(of.rule, of.now) : undefined);

/** Whether the CronJob that there is starts runs by this rule. */
const runsBy = (present: Stored<CronJob> | undefined, { cron, timeZone }: CronSchedule): boolean =>
  present?.spec !== undefined &&
  present.metadata.deletionTimestamp === undefined &&
  present.spec.schedule === cron &&
  present.spec.timeZone === timeZone &&
  present.spec.suspend !== true;
