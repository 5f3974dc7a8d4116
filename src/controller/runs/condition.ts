import type { Condition } from "../../api/conditions.ts";
import type { RunSummary } from "../../api/runs.ts";
import { listText, utc } from "../../policy/text.ts";
import { type ConditionDraft, findCondition } from "../conditions.ts";
import { byEnd, summaryReason } from "./summary.ts";

const type = "LastRunSucceeded";
const noRunYet: ConditionDraft = { type, status: "Unknown", reason: "NoRunYet", message: "no run has ended yet" };

const allSuspended: ConditionDraft = {
  type,
  status: "Unknown",
  reason: "Suspended",
  message: "all schedules are suspended, and no run that was started by hand since the operator saw that has ended",
};

/**
 * `LastRunSucceeded` of what has one schedule only: how the newest run ended that tried anything. A run that cannot even start says so
 * already; while one is under way, the one before it still counts, even where its Job is gone by now.
 */
export function lastRunCondition(options: {
  readonly runs: readonly { readonly run: RunSummary }[];
  readonly previous: readonly Condition[] | undefined;
}): ConditionDraft {
  const telling = options.runs.map(({ run }) => run).filter(tells);
  const newest = telling.toSorted(byEnd).at(-1);
  if (newest) return { type, ...tell(newest) };
  const before = findCondition(options.previous, type);
  return before ? { type, status: before.status, reason: before.reason, message: before.message } : noRunYet;
}

/** What is known of the runs of one schedule. */
export type ScheduleRuns = {
  readonly name: string;
  /** The newest run, and the one that ended last where that is another one. */
  readonly lastRun?: RunSummary;
  readonly lastEnded?: RunSummary;
  /** The first slot for which no run was started. */
  readonly missedSince?: string;
  /** When the operator first saw that it is suspended: no more runs of it are started, so that nothing is expected of it. */
  readonly suspendedSince?: string;
  /** How to look for the reason why no run was started. */
  readonly look: string;
};

/** Reasons of `LastRunSucceeded` beside those of runs. */
export const schedulesReason = {
  scheduleMissed: "ScheduleMissed",
  /** Several schedules, for different reasons. */
  schedulesFailed: "SchedulesFailed",
} as const;

/**
 * `LastRunSucceeded` of a policy: False as long as the run of any schedule that ended last failed, or a run was due and none was started. One
 * schedule that goes well must not hide another that never does.
 */
export function lastRunsCondition(schedules: readonly ScheduleRuns[]): ConditionDraft {
  const told = schedules.map((schedule) => ({ schedule, run: toldRun(schedule) }));
  const newest = told
    .flatMap(({ run }) => run ?? [])
    .toSorted(byEnd)
    .at(-1);
  const wrong = told.flatMap(({ schedule, run }) => complaint(schedule, run));
  const reasons = new Set(wrong.map(({ reason }) => reason));
  const [reason] = reasons;
  if (reason !== undefined) {
    const message = listText(wrong.map((each) => each.message));
    return { type, status: "False", reason: reasons.size === 1 ? reason : schedulesReason.schedulesFailed, message };
  }
  if (!newest) return schedules.every(({ suspendedSince }) => suspendedSince !== undefined) ? allSuspended : noRunYet;
  return { type, ...tell(newest, told.find(({ run }) => run === newest)?.schedule) };
}

/**
 * The run by which a schedule is judged: the one that tried something and ended last, or cannot start. Of a suspended schedule only what began
 * since the operator saw that it is, and so by hand: no run will come that could better an older one. Of earlier runs nobody knows, once their
 * Jobs are gone, whether they were started by hand.
 */
function toldRun({ lastRun, lastEnded, suspendedSince }: ScheduleRuns): RunSummary | undefined {
  const telling = [lastEnded, lastRun].flatMap((run) => (run && tells(run) ? [run] : []));
  return telling
    .filter(
      ({ startTime }) => suspendedSince === undefined || Date.parse(startTime ?? "") >= Date.parse(suspendedSince),
    )
    .toSorted(byEnd)
    .at(-1);
}

/** What is wrong with a schedule: that no run is started weighs more than how the one before ended. */
function complaint(schedule: ScheduleRuns, run: RunSummary | undefined): readonly Omit<Told, "status">[] {
  const failed = run && run.outcome !== "Succeeded" ? [tell(run, schedule)] : [];
  const { name, missedSince, look } = schedule;
  if (missedSince === undefined) return failed;
  const missed = `schedule ${name}: no run was started at ${utc(missedSince)}, when one was due, nor since; look for the reason with ${look}`;
  const message = [missed, ...failed.map((each) => each.message)].join("; ");
  return [{ reason: schedulesReason.scheduleMissed, message }];
}

type Told = Omit<ConditionDraft, "type">;

const tell = (run: RunSummary, schedule?: Pick<ScheduleRuns, "name">): Told => ({
  status: run.outcome === "Succeeded" ? "True" : "False",
  reason: run.reason,
  message: `${schedule ? `schedule ${schedule.name}, ` : ""}run ${run.job}: ${run.message}`,
});

function tells({ outcome, reason }: RunSummary): boolean {
  if (outcome === "Skipped") return false;
  return outcome !== "Running" || reason !== summaryReason.running;
}
