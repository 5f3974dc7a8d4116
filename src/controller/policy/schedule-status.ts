import type { BackupPolicy } from "../../api/objects.ts";
import type { Schedule, ScheduleStatus } from "../../api/policy.ts";
import type { RunSummary } from "../../api/runs.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { clockSkewMilliseconds } from "../../policy/copies.ts";
import { firstMissed } from "../../policy/schedules.ts";
import { wholeSeconds } from "../conditions.ts";
import { isAwaited, nextRun } from "../cronjobs/next-run.ts";
import type { CronJobPlan } from "../cronjobs/plan.ts";
import { isOwnedBy } from "../owners.ts";
import { lastEndedRun, later, latestRun, successTimes, summaryReason } from "../runs/summary.ts";
import { scheduleCronJobName } from "./cronjobs.ts";
import { isSuspended, type PolicyInput, zoneOf } from "./input.ts";

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
  const suspended = isSuspended(policy, schedule);
  const isDue = !isBroken && !isTaken && !suspended;
  const inForce = isDue ? inForceSince(previous?.inForce, ruleOf(policy, schedule), now) : undefined;
  const present = input.cronJobs.find(
    (existing) => existing.metadata.name === cronJob && isOwnedBy(existing, policy.metadata.uid),
  );
  const awaited = isAwaited({ name: cronJob, plan, conditions: policy.status?.conditions });
  const next = inForce && nextRun({ rule: inForce, present, isAwaited: awaited, now });
  const missed = inForce && missedSlot({ inForce, runs: [lastRun, lastEnded, ...runs], present, now });
  return {
    name: schedule.name,
    ...(!isTaken && (present || awaited) ? { cronJob } : {}),
    nextTime: next && wholeSeconds(next),
    lastSuccessTime: later(previous?.lastSuccessTime, ...successTimes(runs)),
    lastRun,
    lastEnded,
    inForce,
    suspendedSince: suspended ? sinceOf(previous?.suspendedSince, now) : undefined,
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
function inForceSince(previous: InForce | undefined, rule: Rule, now: Date): InForce {
  const isSame = previous?.cron === rule.cron && previous.timeZone === rule.timeZone;
  return { ...rule, since: sinceOf(isSame ? previous.since : undefined, now) };
}

/** What a clock that was ahead has dated would say nothing until its time has come: it begins anew. */
const sinceOf = (previous: string | undefined, now: Date): string =>
  previous === undefined || isAhead(previous, now) ? wholeSeconds(now) : previous;

const isAhead = (instant: string | undefined, now: Date): boolean =>
  Date.parse(instant ?? "") > now.getTime() + clockSkewMilliseconds;

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
  const known = [inForce.since, present?.status?.lastScheduleTime, ...ends].filter((each) => !isAhead(each, now));
  const since = later(...known);
  return since === undefined ? undefined : firstMissed({ schedule: inForce, since: new Date(since), now });
}

/** Nobody knows when a run ended whose Job vanished; until it was seen to be gone, it explains why no other was started. */
const withEnd = (run: RunSummary | undefined, previous: RunSummary | undefined, now: Date): RunSummary | undefined =>
  run?.reason === summaryReason.runLost && previous?.outcome === "Running" && previous.job === run.job
    ? { ...run, completionTime: wholeSeconds(now) }
    : run;
