import { cronJobName, label } from "../../api/names.ts";
import type { BackupPolicy, RestoreTest } from "../../api/objects.ts";
import type { RestoreTestStatus } from "../../api/restoretest.ts";
import { restoreTests } from "../../kube/holdfast.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { type ConditionDraft, type Standing, wholeSeconds } from "../conditions.ts";
import type { CronJobMemory } from "../cronjobs/apply.ts";
import { runnerCronJob } from "../cronjobs/manifest.ts";
import { isAwaited, nextRun } from "../cronjobs/next-run.ts";
import { type CronJobPlan, cronJobLeaving, planCronJobs } from "../cronjobs/plan.ts";
import { runnerLabels } from "../cronjobs/runner-job.ts";
import type { RunnerImage } from "../options.ts";
import { controllerReference, isOwnedBy } from "../owners.ts";
import { cronProblem, type Problem, problemReason } from "../policy/problems.ts";
import { lastRunCondition } from "../runs/condition.ts";
import { jobState } from "../runs/report.ts";
import { later, latestRun, type RunFacts, successTimes, summarizeRun } from "../runs/summary.ts";

export type RestoreTestInput = {
  readonly test: Stored<RestoreTest>;
  /** The one that the test names, if there is one. */
  readonly policy: BackupPolicy | undefined;
  /** All of the namespace. */
  readonly cronJobs: readonly Stored<CronJob>[];
  readonly runs: readonly RunFacts[];
};

export type RestoreTestDecision = {
  readonly plan: CronJobPlan;
  readonly standing: Standing;
  readonly conditions: readonly ConditionDraft[];
  readonly status: Omit<RestoreTestStatus, "conditions" | "results">;
  readonly againAfterSeconds: number | undefined;
};

export function decideRestoreTest(options: {
  readonly input: RestoreTestInput;
  readonly image: RunnerImage;
  readonly isCurrent: CronJobMemory["isCurrent"];
  readonly now: Date;
}): RestoreTestDecision {
  const { input, image, isCurrent, now } = options;
  const { test, runs } = input;
  const broken = cronProblem({ cron: test.spec.cron, timeZone: test.spec.timeZone, now });
  const plan = planTest({ input, image, isCurrent, broken: broken !== undefined });
  const next = broken || plan.taken.length > 0 ? undefined : nextRunOf(input, plan, now);
  const summaries = runs.map((facts) => summarizeRun(facts, now));
  const lastRun = latestRun(test.status?.lastRun, summaries);
  const told = [...summaries.filter((run) => run.job !== lastRun?.job), ...(lastRun ? [lastRun] : [])];

  return {
    plan,
    standing: standingOf({ input, plan, broken }),
    conditions: [lastRunCondition({ runs: told.map((run) => ({ run })), previous: test.status?.conditions })],
    status: {
      observedGeneration: test.metadata.generation,
      nextTime: next && wholeSeconds(next),
      lastSuccessTime: later(test.status?.lastSuccessTime, ...successTimes(summaries)),
      lastRun,
    },
    againAfterSeconds: againAfter({ next, running: lastRun?.outcome === "Running", now }),
  };
}

function nextRunOf({ test, cronJobs }: RestoreTestInput, plan: CronJobPlan, now: Date): Date | undefined {
  const name = testCronJobName(test);
  return nextRun({
    rule: test.spec,
    present: cronJobs.find((existing) => existing.metadata.name === name && isOwnedBy(existing, test.metadata.uid)),
    isAwaited: isAwaited({ name, plan, conditions: test.status?.conditions }),
    now,
  });
}

/** When the next slot has passed; sooner while a run goes on, whose end might be told by nobody. */
function againAfter(of: { readonly next?: Date; readonly running: boolean; readonly now: Date }): number | undefined {
  const toSlot = of.next ? (of.next.getTime() - of.now.getTime()) / 1000 + 1 : undefined;
  if (of.running) return Math.min(15, toSlot ?? 15);
  // Timers do not reach further than 24 days.
  return toSlot === undefined ? undefined : Math.min(toSlot, 86400);
}

export const testCronJobName = (test: RestoreTest): string => cronJobName(test.metadata.name);

function testCronJob(test: Stored<RestoreTest>, image: RunnerImage): CronJob {
  const { name, namespace } = test.metadata;
  const { cron, timeZone, suspend, mover, policyRef } = test.spec;
  return runnerCronJob({
    name: testCronJobName(test),
    namespace,
    owner: controllerReference(restoreTests, test),
    cron,
    timeZone,
    suspend,
    runner: {
      ...image,
      args: ["runner", "restore-test", "--test", name],
      mover,
      labels: runnerLabels({ [label.restoreTest]: name, [label.policy]: policyRef.name }),
    },
  });
}

function planTest(options: {
  readonly input: RestoreTestInput;
  readonly image: RunnerImage;
  readonly isCurrent: CronJobMemory["isCurrent"];
  readonly broken: boolean;
}): CronJobPlan {
  const { input, image, isCurrent, broken } = options;
  const { test, cronJobs, runs } = input;
  const running = runs.map(({ job }) => job).filter((job) => jobState(job).state === "Running");
  return planCronJobs({
    ownerUid: test.metadata.uid,
    desired: broken ? [] : [testCronJob(test, image)],
    keep: broken ? [testCronJobName(test)] : [],
    existing: cronJobs,
    isCurrent,
    hasRunning: (cronJob) => running.some((job) => isOwnedBy(job, cronJob.metadata.uid)),
  });
}

function standingOf(of: {
  readonly input: RestoreTestInput;
  readonly plan: CronJobPlan;
  readonly broken: Problem | undefined;
}): Standing {
  const { input, plan, broken } = of;
  const { test } = input;
  const problem = broken ?? referenceProblem(input) ?? nameProblem(plan);
  if (problem) return { state: "Stalled", reason: problem.reason, message: problem.message };
  if (plan.leaving.length > 0) {
    const message = `waits for the old CronJob ${plan.leaving.join(", ")} to be gone`;
    return { state: "Reconciling", reason: cronJobLeaving, message };
  }
  if (test.spec.suspend) return { state: "Ready", reason: "Suspended", message: "suspended: no tests are started" };
  return { state: "Ready", reason: "ScheduleApplied", message: "the schedule is in force" };
}

function referenceProblem({ test, policy }: RestoreTestInput): Problem | undefined {
  const { policyRef, targets = [] } = test.spec;
  if (!policy) {
    const message = `there is no BackupPolicy ${policyRef.name} in namespace ${test.metadata.namespace}, or none that this version can read; make it, or correct spec.policyRef`;
    return { reason: problemReason.policyNotFound, message };
  }
  const known = policy.spec.schedules.flatMap((schedule) => schedule.targets);
  const foreign = targets.filter((target) => !known.includes(target));
  if (foreign.length === 0) return undefined;
  const message = `policy ${policyRef.name} copies nothing to ${foreign.join(", ")}; correct spec.targets`;
  return { reason: problemReason.targetNotFound, message };
}

function nameProblem({ taken }: CronJobPlan): Problem | undefined {
  if (taken.length === 0) return undefined;
  const message = `the CronJob ${taken.join(", ")} exists already and belongs to somebody else, so it is left alone; rename the RestoreTest, or remove that CronJob`;
  return { reason: problemReason.nameTaken, message };
}
