import type { PolicyStatus, Schedule, ScheduleStatus } from "../../api/policy.ts";
import type { RunSummary } from "../../api/runs.ts";
import type { Evidence, Verdict } from "../../policy/evidence.ts";
import { judgeRpo, judgeRto, judgeVerified } from "../../policy/objectives.ts";
import { nextTime } from "../../policy/schedules.ts";
import { judgeThreeTwoOne } from "../../policy/three-two-one.ts";
import { chooseVolumes } from "../../policy/volumes.ts";
import { type ConditionDraft, isTrue, type Standing, wholeSeconds } from "../conditions.ts";
import type { CronJobMemory } from "../cronjobs/apply.ts";
import { type CronJobPlan, planCronJobs } from "../cronjobs/plan.ts";
import type { RunnerImage } from "../options.ts";
import { isOwnedBy } from "../owners.ts";
import { lastRunCondition, type ToldRun } from "../runs/condition.ts";
import { jobState } from "../runs/report.ts";
import { later, latestRun, successTimes, summarizeRun } from "../runs/summary.ts";
import { scheduleCronJob, scheduleCronJobName } from "./cronjobs.ts";
import { evidenceOf } from "./evidence.ts";
import { isSuspended, type PolicyInput, targetNames, zoneOf } from "./input.ts";
import { findProblems, type Problem, problemReason } from "./problems.ts";

export type PolicyDecision = {
  readonly plan: CronJobPlan;
  readonly standing: Standing;
  /** Beside the three conditions of the standing. */
  readonly conditions: readonly ConditionDraft[];
  readonly status: Omit<PolicyStatus, "conditions">;
  readonly againAfterSeconds: number;
};

/** Time alone changes what is true: a policy is judged again at least this often. */
const longestPauseSeconds = 60;
/** What keeps a run from starting is told by no change of its Job: somebody has to look. */
const pauseWhileRunning = 10;

export function decidePolicy(options: {
  readonly input: PolicyInput;
  readonly image: RunnerImage;
  readonly isCurrent: CronJobMemory["isCurrent"];
  readonly now: Date;
}): PolicyDecision {
  const { input, image, isCurrent, now } = options;
  const { policy } = input;
  const problems = findProblems(input, now);
  const plan = planSchedules({ input, image, isCurrent, problems });
  const volumes = chooseVolumes(policy.spec.volumes, input.claims);
  const evidence = evidenceOf(input, volumes.matching);
  const verdicts = judge(evidence, now);
  const runs = input.runs.map(({ schedule, facts }) => ({ schedule, run: summarizeRun(facts, now) }));
  const schedules = policy.spec.schedules.map((schedule) =>
    scheduleStatus({ input, schedule, runs, problems, plan, now }),
  );
  const nextTimes = schedules.flatMap((schedule) => schedule.nextTime ?? []);

  return {
    plan,
    standing: standingOf({ input, problems, plan, missing: volumes.missing }),
    conditions: [
      ...verdicts.map(([type, { status, reason, message }]) => ({ type, status, reason, message })),
      lastRunCondition({ runs: toldRuns(schedules, runs), previous: policy.status?.conditions }),
    ],
    status: {
      observedGeneration: policy.metadata.generation,
      nextTime: nextTimes.toSorted().at(0),
      lastSuccessTime: later(policy.status?.lastSuccessTime, ...schedules.map((schedule) => schedule.lastSuccessTime)),
      volumes: volumes.matching.length,
      restorePoints: evidence.points.filter(({ copies }) => copies.some(({ state }) => state === "Good")).length,
      schedules,
    },
    againAfterSeconds: pause({ verdicts, nextTimes, running: runs.some(({ run }) => run.outcome === "Running"), now }),
  };
}

function judge(evidence: Evidence, now: Date): readonly (readonly [string, Verdict])[] {
  const rto = judgeRto(evidence, now);
  return [
    ["RPOMet", judgeRpo(evidence, now)],
    ...(rto ? [["RTOMet", rto] as const] : []),
    ["ThreeTwoOne", judgeThreeTwoOne(evidence, now)],
    ["Verified", judgeVerified(evidence, now)],
  ];
}

function planSchedules(options: {
  readonly input: PolicyInput;
  readonly image: RunnerImage;
  readonly isCurrent: CronJobMemory["isCurrent"];
  readonly problems: readonly Problem[];
}): CronJobPlan {
  const { input, image, isCurrent, problems } = options;
  const { policy, cronJobs, runs } = input;
  const isBroken = (schedule: Schedule) => problems.some((problem) => problem.schedule === schedule.name);
  const broken = policy.spec.schedules.filter(isBroken);
  const running = runs.map(({ facts }) => facts.job).filter((job) => jobState(job).state === "Running");
  return planCronJobs({
    ownerUid: policy.metadata.uid,
    desired: policy.spec.schedules
      .filter((schedule) => !isBroken(schedule))
      .map((schedule) => scheduleCronJob(policy, schedule, image)),
    keep: broken.map((schedule) => scheduleCronJobName(policy, schedule)),
    existing: cronJobs,
    isCurrent,
    hasRunning: (cronJob) => running.some((job) => isOwnedBy(job, cronJob.metadata.uid)),
  });
}

type SummarizedRun = { readonly schedule: string; readonly run: RunSummary };

/** The runs of all schedules that still are: from their Jobs, and the last one of each from the status. */
function toldRuns(schedules: readonly ScheduleStatus[], runs: readonly SummarizedRun[]): readonly ToldRun[] {
  return schedules.flatMap(({ name, lastRun }) => {
    const others = runs.filter(({ schedule, run }) => schedule === name && run.job !== lastRun?.job);
    const all = [...others.map(({ run }) => run), ...(lastRun ? [lastRun] : [])];
    return all.map((run) => ({ of: `schedule ${name}`, run }));
  });
}

function scheduleStatus(options: {
  readonly input: PolicyInput;
  readonly schedule: Schedule;
  readonly runs: readonly SummarizedRun[];
  readonly problems: readonly Problem[];
  readonly plan: CronJobPlan;
  readonly now: Date;
}): ScheduleStatus {
  const { input, schedule, problems, plan, now } = options;
  const { policy } = input;
  const previous = policy.status?.schedules?.find(({ name }) => name === schedule.name);
  const summaries = options.runs.filter((run) => run.schedule === schedule.name).map(({ run }) => run);
  const cronJob = scheduleCronJobName(policy, schedule);
  const inForce = !problems.some((problem) => problem.schedule === schedule.name) && !plan.taken.includes(cronJob);
  const next = inForce ? nextSlot(input, schedule, now) : undefined;
  return {
    name: schedule.name,
    ...(plan.taken.includes(cronJob) ? {} : { cronJob }),
    nextTime: next && wholeSeconds(next),
    lastSuccessTime: later(previous?.lastSuccessTime, ...successTimes(summaries)),
    lastRun: latestRun(previous?.lastRun, summaries),
  };
}

function nextSlot({ policy }: PolicyInput, schedule: Schedule, now: Date): Date | undefined {
  const suspend = isSuspended(policy, schedule);
  return nextTime({ cron: schedule.cron, timeZone: zoneOf(policy, schedule), suspend }, now);
}

function standingOf(options: {
  readonly input: PolicyInput;
  readonly problems: readonly Problem[];
  readonly plan: CronJobPlan;
  readonly missing: readonly string[];
}): Standing {
  const { input, plan, missing } = options;
  const { policy } = input;
  const problems = [...options.problems, ...plan.taken.map(nameTaken)];
  const [first] = problems;
  if (first) {
    return { state: "Stalled", reason: first.reason, message: problems.map(({ message }) => message).join(". ") };
  }
  if (plan.leaving.length > 0) {
    const message = `waits for the old CronJob ${plan.leaving.join(", ")} to be gone`;
    return { state: "Reconciling", reason: "CronJobLeaving", message };
  }
  const remarks = [
    ...missing.map((name) => `there is no PVC ${name}, which spec.volumes names`),
    ...targetsNotReady(input),
  ];
  const all = policy.spec.schedules.length;
  const active = policy.spec.schedules.filter((schedule) => !isSuspended(policy, schedule)).length;
  const force = active === 0 ? "suspended: no runs are started" : `schedules in force: ${active} of ${all}`;
  return {
    state: "Ready",
    reason: active === 0 ? "Suspended" : "SchedulesApplied",
    message: [force, ...remarks].join("; "),
  };
}

const nameTaken = (cronJob: string): Problem => ({
  reason: problemReason.nameTaken,
  message: `the CronJob ${cronJob} exists already and belongs to somebody else, so it is left alone; rename the policy or the schedule, or remove that CronJob`,
});

const targetsNotReady = ({ policy, targets }: PolicyInput): readonly string[] =>
  targetNames(policy).flatMap((name) => {
    const target = targets.find(({ metadata }) => metadata.name === name);
    const ready = target?.status?.conditions?.find((condition) => condition.type === "Ready");
    return target && ready && !isTrue(target.status?.conditions, "Ready")
      ? [`target ${name} is not ready (${ready.reason})`]
      : [];
  });

function pause(options: {
  readonly verdicts: readonly (readonly [string, Verdict])[];
  readonly nextTimes: readonly string[];
  readonly running: boolean;
  readonly now: Date;
}): number {
  const { verdicts, nextTimes, running, now } = options;
  const longest = running ? pauseWhileRunning : longestPauseSeconds;
  const boundaries = [
    ...verdicts.flatMap(([, verdict]) => verdict.judgeAgainAt?.getTime() ?? []),
    ...nextTimes.map((time) => Date.parse(time) + 1000),
  ];
  const seconds = boundaries.map((boundary) => (boundary - now.getTime()) / 1000);
  return Math.max(1, Math.min(longest, ...seconds));
}
