import type { PolicyStatus, Schedule, ScheduleStatus } from "../../api/policy.ts";
import type { Evidence, Verdict } from "../../policy/evidence.ts";
import { judgeRpo, judgeRto, judgeVerified } from "../../policy/objectives.ts";
import { judgeThreeTwoOne } from "../../policy/three-two-one.ts";
import { chooseVolumes, type VolumeChoice } from "../../policy/volumes.ts";
import { type ConditionDraft, isTrue, type Standing } from "../conditions.ts";
import type { CronJobMemory } from "../cronjobs/apply.ts";
import { type CronJobPlan, cronJobLeaving, planCronJobs } from "../cronjobs/plan.ts";
import type { RunnerImage } from "../options.ts";
import { isOwnedBy } from "../owners.ts";
import { lastRunsCondition, type ScheduleRuns } from "../runs/condition.ts";
import { jobState } from "../runs/report.ts";
import { later, summarizeRun } from "../runs/summary.ts";
import { scheduleCronJob, scheduleCronJobName } from "./cronjobs.ts";
import { evidenceOf } from "./evidence.ts";
import { isSuspended, type PolicyInput, targetNames } from "./input.ts";
import { findProblems, type Problem, problemReason } from "./problems.ts";
import { scheduleStatus } from "./schedule-status.ts";

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
  const { missing, leaving } = volumes;
  const evidence = { ...evidenceOf(input, volumes.matching), missing, leaving };
  const verdicts = judge(evidence, now);
  const runs = input.runs.map(({ schedule, facts }) => ({ schedule, run: summarizeRun(facts, now) }));
  const schedules = policy.spec.schedules.map((schedule) =>
    scheduleStatus({
      input,
      schedule,
      runs: runs.filter((run) => run.schedule === schedule.name).map(({ run }) => run),
      isBroken: isBroken(schedule, problems),
      plan,
      now,
    }),
  );
  const nextTimes = schedules.flatMap((schedule) => schedule.nextTime ?? []);

  return {
    plan,
    standing: standingOf({ input, problems, plan, volumes }),
    conditions: [
      ...verdicts.map(([type, { status, reason, message }]) => ({ type, status, reason, message })),
      lastRunsCondition(policy.spec.schedules.map((schedule, index) => runsOf(input, schedule, schedules[index]))),
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

const isBroken = (schedule: Schedule, problems: readonly Problem[]): boolean =>
  problems.some((problem) => problem.schedule === schedule.name);

function planSchedules(options: {
  readonly input: PolicyInput;
  readonly image: RunnerImage;
  readonly isCurrent: CronJobMemory["isCurrent"];
  readonly problems: readonly Problem[];
}): CronJobPlan {
  const { input, image, isCurrent, problems } = options;
  const { policy, cronJobs, runs } = input;
  const broken = policy.spec.schedules.filter((schedule) => isBroken(schedule, problems));
  const running = runs.map(({ facts }) => facts.job).filter((job) => jobState(job).state === "Running");
  return planCronJobs({
    ownerUid: policy.metadata.uid,
    desired: policy.spec.schedules
      .filter((schedule) => !isBroken(schedule, problems))
      .map((schedule) => scheduleCronJob(policy, schedule, image)),
    keep: broken.map((schedule) => scheduleCronJobName(policy, schedule)),
    existing: cronJobs,
    isCurrent,
    hasRunning: (cronJob) => running.some((job) => isOwnedBy(job, cronJob.metadata.uid)),
  });
}

const runsOf = ({ policy }: PolicyInput, schedule: Schedule, status: ScheduleStatus | undefined): ScheduleRuns => ({
  ...status,
  name: schedule.name,
  look: `kubectl -n ${policy.metadata.namespace} describe cronjob ${scheduleCronJobName(policy, schedule)}`,
});

function standingOf(options: {
  readonly input: PolicyInput;
  readonly problems: readonly Problem[];
  readonly plan: CronJobPlan;
  readonly volumes: Pick<VolumeChoice<unknown>, "missing" | "leaving">;
}): Standing {
  const { input, plan, volumes } = options;
  const { policy } = input;
  const problems = [...options.problems, ...plan.taken.map(nameTaken)];
  const [first] = problems;
  if (first) {
    return { state: "Stalled", reason: first.reason, message: problems.map(({ message }) => message).join(". ") };
  }
  if (plan.leaving.length > 0) {
    const message = `waits for the old CronJob ${plan.leaving.join(", ")} to be gone`;
    return { state: "Reconciling", reason: cronJobLeaving, message };
  }
  const remarks = [
    ...volumes.missing.map((name) => `there is no PVC ${name}, which spec.volumes names`),
    ...volumes.leaving.map((name) => `PVC ${name}, which spec.volumes names, is being deleted`),
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
