import type { Condition } from "../../api/conditions.ts";
import type { RunSummary } from "../../api/runs.ts";
import { type ConditionDraft, findCondition } from "../conditions.ts";
import { summaryReason } from "./summary.ts";

/** A run, and whose it is where that is not plain: `schedule nightly`. */
export type ToldRun = { readonly of?: string; readonly run: RunSummary };

const type = "LastRunSucceeded";

/**
 * `LastRunSucceeded`: how the newest run ended that tried anything. A run that cannot even start says so already; while one
 * is under way, the one before it still counts, even where its Job is gone by now.
 */
export function lastRunCondition(options: {
  readonly runs: readonly ToldRun[];
  readonly previous: readonly Condition[] | undefined;
}): ConditionDraft {
  const telling = options.runs.filter(({ run }) => tells(run));
  const newest = telling.toSorted((a, b) => timeOf(a.run) - timeOf(b.run)).at(-1);
  if (!newest) {
    const before = findCondition(options.previous, type);
    if (!before) return { type, status: "Unknown", reason: "NoRunYet", message: "no run has ended yet" };
    return { type, status: before.status, reason: before.reason, message: before.message };
  }
  const { of, run } = newest;
  const which = [of, `run ${run.job}`].filter(Boolean).join(", ");
  return {
    type,
    status: run.outcome === "Succeeded" ? "True" : "False",
    reason: run.reason,
    message: `${which}: ${run.message}`,
  };
}

function tells({ outcome, reason }: RunSummary): boolean {
  if (outcome === "Skipped") return false;
  return outcome !== "Running" || reason !== summaryReason.running;
}

const timeOf = (run: RunSummary): number => Date.parse(run.completionTime ?? run.startTime ?? "");
