import type { BackupPolicy } from "../../api/objects.ts";
import type { Schedule, ScheduleStatus } from "../../api/policy.ts";
import type { RunSummary } from "../../api/runs.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { firstMissed, nextTime } from "../../policy/schedules.ts";
import { findCondition, isTrue, wholeSeconds } from "../conditions.ts";
import type { CronJobPlan } from "../cronjobs/plan.ts";
import { isOwnedBy } from "../owners.ts";
import { lastEndedRun, later, latestRun, successTimes, summaryReason } from "../runs/summary.ts";
import { scheduleCronJobName } from "./cronjobs.ts";
import { isSuspended, type PolicyInput, zoneOf } from "./input.ts";

/** A policy's reason for not being Ready while the old CronJob of a schedule is still being deleted. */
export const cronJobLeaving = "CronJobLeaving";

/** How one schedule stands. */
export function scheduleStatus(options: {
  readonly input: PolicyInput;
  readonly schedule: Schedule;
  /** Of its Jobs that still exist. */
  readonly runs: readonly RunSummary[];
  /** It cannot be applied as it is: its CronJob, if there is one, goes on as it was. */
  readonly isBroken: boolean;
  readonly plan: CronJobPlan;
  readonly now: Date;
}): ScheduleStatus {
  const { input, schedule, runs, isBroken, plan, now } = options;
  const { policy } = input;
  const previous = policy.status?.schedules?.find(({ name }) => name === schedule.name);
  const lastRun = withEnd(latestRun(previous?.lastRun, runs), previous?.lastRun, now);
  const lastEnded = lastEndedRun({ lastRun, known: [previous?.lastRun, previous?.lastEnded], runs });

  const cronJob = scheduleCronJobName(policy, schedule);
  const isTaken = plan.taken.includes(cronJob);
  const isDue = !isBroken && !isTaken && !isSuspended(policy, schedule);
  const inForce = isDue ? inForceSince(previous?.inForce, ruleOf(policy, schedule), now) : undefined;
  const present = input.cronJobs.find(
    (existing) => existing.metadata.name === cronJob && isOwnedBy(existing, policy.metadata.uid),
  );
  // One that has yet to be written is told of already, for it is written before the status; not where that was refused before.
  const isAwaited = !wasRefused(policy);
  const next = inForce && (isAwaited || runsBy(present, inForce)) ? nextTime(inForce, now) : undefined;
  const missed = inForce && missedSlot({ inForce, runs: [lastRun, lastEnded, ...runs], present, now });
  return {
    name: schedule.name,
    ...(!isTaken && (present || isAwaited) ? { cronJob } : {}),
    nextTime: next && wholeSeconds(next),
    lastSuccessTime: later(previous?.lastSuccessTime, ...successTimes(runs)),
    lastRun,
    lastEnded,
    inForce,
    missedSince: missed && wholeSeconds(missed),
  };
}

type InForce = NonNullable<ScheduleStatus["inForce"]>;
type Rule = Omit<InForce, "since">;

const ruleOf = (policy: BackupPolicy, schedule: Schedule): Rule => ({
  cron: schedule.cron,
  timeZone: zoneOf(policy, schedule),
});

/** A new rule counts from now on; so does one that was suspended or could not be applied meanwhile, of which nothing is known then. */
const inForceSince = (previous: InForce | undefined, rule: Rule, now: Date): InForce =>
  previous && previous.cron === rule.cron && previous.timeZone === rule.timeZone
    ? previous
    : { ...rule, since: wholeSeconds(now) };

/**
 * The first slot that passed without a run. Jobs are removed, by history limits or by hand, so what the status remembers and what the
 * CronJob says of its last start count as well: a run that is not known any more was not missed.
 */
function missedSlot(of: {
  readonly inForce: InForce;
  readonly runs: readonly (RunSummary | undefined)[];
  readonly present: Stored<CronJob> | undefined;
  readonly now: Date;
}): Date | undefined {
  const { inForce, runs, present, now } = of;
  // Kubernetes starts none while one is under way (`concurrencyPolicy: Forbid`).
  const ends = runs.map(
    (run) => run && (run.outcome === "Running" ? now.toISOString() : later(run.startTime, run.completionTime)),
  );
  const since = later(inForce.since, present?.status?.lastScheduleTime, ...ends);
  return since === undefined ? undefined : firstMissed({ schedule: inForce, since: new Date(since), now });
}

/** Nobody knows when a run ended whose Job vanished; until it was seen to be gone, it explains why no other was started. */
const withEnd = (run: RunSummary | undefined, previous: RunSummary | undefined, now: Date): RunSummary | undefined =>
  run?.reason === summaryReason.runLost && previous?.outcome === "Running" && previous.job === run.job
    ? { ...run, completionTime: wholeSeconds(now) }
    : run;

/** Whether the CronJob that there is starts runs by this rule. */
const runsBy = (present: Stored<CronJob> | undefined, { cron, timeZone }: Rule): boolean =>
  present?.spec !== undefined &&
  present.metadata.deletionTimestamp === undefined &&
  present.spec.schedule === cron &&
  present.spec.timeZone === timeZone &&
  present.spec.suspend !== true;

/** Whether the last try to judge the policy, and to write what it asks for, failed. */
function wasRefused({ status }: BackupPolicy): boolean {
  const { reason } = findCondition(status?.conditions, "Ready") ?? {};
  return isTrue(status?.conditions, "Reconciling") && reason !== cronJobLeaving;
}
