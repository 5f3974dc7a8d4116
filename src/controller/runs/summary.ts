import type { RunSummary } from "../../api/runs.ts";
import type { Job, Pod, Stored } from "../../kube/types.ts";
import { runnerContainer } from "../cronjobs/runner-job.ts";
import { type JobState, jobState, newestPod, reportOf, terminatedContainer } from "./report.ts";

/** What is known of one run: its Job and everything around it. */
export type RunFacts = {
  readonly job: Stored<Job>;
  readonly pods: readonly Stored<Pod>[];
  /** The run left restore points or results: something was done. */
  readonly leftEvidence: boolean;
  /** Why its pod does not come to run, for long enough to be told. */
  readonly blocked?: { readonly reason: string; readonly message: string };
};

/** Reasons that the controller gives to runs, beside those of the runner and of Kubernetes. */
export const summaryReason = {
  running: "Running",
  succeeded: "Succeeded",
  reportLost: "ReportLost",
  runLost: "RunLost",
  runnerFailed: "RunnerFailed",
} as const;

/** A pod's last words may reach us later than the end of its Job. */
const reportGraceMs = 15_000;

export const startOf = (job: Stored<Job>): string => job.status?.startTime ?? job.metadata.creationTimestamp;

/** How a run stands, by its runner's report; by Kubernetes' own account of the Job where there is none. */
export function summarizeRun(facts: RunFacts, now: Date): RunSummary {
  const { job, blocked } = facts;
  const state = jobState(job);
  const base = { job: job.metadata.name, startTime: startOf(job) };
  const running = (reason: string, message: string): RunSummary => ({ ...base, outcome: "Running", reason, message });
  if (state.state === "Running") {
    return blocked ? running(blocked.reason, blocked.message) : running(summaryReason.running, "the run is under way");
  }
  const report = reportOf(newestPod(facts.pods));
  if (!report && now.getTime() - Date.parse(state.at) < reportGraceMs) {
    return running(summaryReason.running, "the run has ended and its report is awaited");
  }
  return { ...base, completionTime: state.at, ...outcome(facts, state, report) };
}

type Ending = Pick<RunSummary, "outcome" | "reason" | "message">;
type Ended = Exclude<JobState, { readonly state: "Running" }>;

function outcome(facts: RunFacts, state: Ended, report: ReturnType<typeof reportOf>): Ending {
  if (state.state === "Complete") {
    if (report) return { outcome: report.outcome, reason: report.reason, message: report.message };
    // The runner ends well only after a success or when it had nothing to do; what it left behind says which.
    return facts.leftEvidence
      ? { outcome: "Succeeded", reason: summaryReason.succeeded, message: "the run ended well; its report was lost" }
      : {
          outcome: "Skipped",
          reason: summaryReason.reportLost,
          message: "the run ended well, but left neither a report nor a result",
        };
  }
  const saidWhy = report !== undefined && (report.outcome === "Failed" || report.outcome === "Degraded");
  if (saidWhy && state.reason !== "DeadlineExceeded") {
    return { outcome: report.outcome, reason: report.reason, message: report.message };
  }
  // That the runner's exit code was final says nothing to anybody; what counts is that it left no report.
  const reason = state.reason === "PodFailurePolicy" ? summaryReason.runnerFailed : state.reason;
  return { outcome: "Failed", reason, message: `${state.message}${lastWords(facts.pods)}` };
}

function lastWords(pods: readonly Pod[]): string {
  const pod = newestPod(pods);
  const ended = terminatedContainer(pod, runnerContainer);
  if (!pod || !ended) return "";
  const said = ended.message ? `: ${ended.message.trim().slice(-700)}` : "";
  return `; the runner in pod ${pod.metadata.name} ended with ${ended.reason ?? "code"} ${ended.exitCode}${said}`;
}

/** The newest run: of the Jobs that still exist, or the one known from before where that is newer. */
export function latestRun(previous: RunSummary | undefined, runs: readonly RunSummary[]): RunSummary | undefined {
  const newest = runs.toSorted(byStart).at(-1);
  if (!previous) return newest;
  if (newest && newest.job === previous.job) return settled(previous, newest);
  if (newest && byStart(previous, newest) <= 0) return newest;
  return previous.outcome === "Running" ? lost(previous) : previous;
}

/** A run's end, once known, is not told anew: its pod, and the report with it, may be gone by now. */
const settled = (previous: RunSummary, current: RunSummary): RunSummary =>
  previous.outcome !== "Running" && previous.startTime === current.startTime ? previous : current;

const lost = (run: RunSummary): RunSummary => ({
  ...run,
  outcome: "Failed",
  reason: summaryReason.runLost,
  message: `the Job ${run.job} was deleted before it had ended`,
});

/** It tried something, and it is known how that ended. */
const hasEnded = ({ outcome }: RunSummary): boolean => outcome !== "Running" && outcome !== "Skipped";

const isSame = (a: RunSummary, b: RunSummary): boolean => a.job === b.job && a.startTime === b.startTime;

/**
 * The run that tried something and ended last, where the newest of all, `lastRun`, is not it: that one is under way or was skipped, or it
 * began later and ended sooner, as a short one by hand may. Its Job may be gone any time. `known` are those that were told of before.
 */
export function lastEndedRun(of: {
  readonly lastRun: RunSummary | undefined;
  readonly known: readonly (RunSummary | undefined)[];
  readonly runs: readonly RunSummary[];
}): RunSummary | undefined {
  const { lastRun } = of;
  const known = [...of.known, lastRun].flatMap((run) => (run && hasEnded(run) ? [run] : []));
  const others = of.runs.filter((run) => hasEnded(run) && !known.some((one) => isSame(one, run)));
  const ended = [...others, ...known].toSorted(byEnd).at(-1);
  return ended && lastRun && isSame(ended, lastRun) ? undefined : ended;
}

/** By when they ended; what has not ended yet, as one that cannot start, is of now. */
export const byEnd = (a: RunSummary, b: RunSummary): number => endOf(a) - endOf(b);

const endOf = ({ outcome, completionTime, startTime }: RunSummary): number =>
  outcome === "Running" ? Number.MAX_VALUE : Date.parse(completionTime ?? startTime ?? "");

const byStart = (a: RunSummary, b: RunSummary): number => Date.parse(a.startTime ?? "") - Date.parse(b.startTime ?? "");

/** The later of two instants in RFC 3339. */
export function later(...instants: readonly (string | undefined)[]): string | undefined {
  const given = instants.filter((instant) => instant !== undefined);
  return given.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

/** When the runs that succeeded ended. */
export const successTimes = (runs: readonly RunSummary[]): readonly (string | undefined)[] =>
  runs.filter((run) => run.outcome === "Succeeded").map((run) => run.completionTime);
