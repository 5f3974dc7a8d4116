import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../api/runs.ts";
import { lastRunsCondition, type ScheduleRuns } from "./condition.ts";

const run = (
  job: string,
  day: number,
  outcome: RunSummary["outcome"] = "Succeeded",
  reason: string = outcome,
): RunSummary => ({
  job,
  outcome,
  reason,
  message: `said ${reason}`,
  startTime: `2026-11-${day}T01:00:00Z`,
  ...(outcome === "Running" ? {} : { completionTime: `2026-11-${day}T02:00:00Z` }),
});
const schedule = (name: string, more: Partial<ScheduleRuns> = {}): ScheduleRuns => ({
  name,
  isSuspended: false,
  look: `kubectl describe cronjob shop-${name}`,
  ...more,
});
const nightly = schedule("nightly", { lastRun: run("n", 23) });
const judge = (...schedules: ScheduleRuns[]) => {
  const { type, ...said } = lastRunsCondition(schedules);
  expect(type).toBe("LastRunSucceeded");
  return said;
};

describe("LastRunSucceeded of a policy", () => {
  it("is true where the newest run of each schedule succeeded, and tells the newest of all", () => {
    expect(judge(schedule("weekly", { lastRun: run("w", 22) }), nightly, schedule("new"))).toEqual({
      status: "True",
      reason: "Succeeded",
      message: "schedule nightly, run n: said Succeeded",
    });
  });

  it("is unknown before the first run has ended", () => {
    const first = schedule("nightly", { lastRun: run("n", 23, "Running") });
    for (const each of [schedule("nightly"), first]) {
      expect(judge(each)).toMatchObject({ status: "Unknown", reason: "NoRunYet" });
    }
  });

  it("stays false while one schedule fails, whatever the others do", () => {
    const weekly = schedule("weekly", { lastRun: run("w", 22, "Failed", "SnapshotFailed") });
    expect(judge(weekly, nightly)).toEqual({
      status: "False",
      reason: "SnapshotFailed",
      message: "schedule weekly, run w: said SnapshotFailed",
    });
  });

  it.each(["Running", "Skipped"] as const)("goes by the run that ended last while the newest one is %s", (outcome) => {
    const lastEnded = run("w", 15, "Degraded", "CopiesFailed");
    const weekly = schedule("weekly", { lastRun: run("x", 22, outcome), lastEnded });
    expect(judge(weekly, nightly)).toMatchObject({ status: "False", reason: "CopiesFailed" });
  });

  it("is false where a run cannot start", () => {
    const lastRun = run("x", 22, "Running", "QuotaExceeded");
    expect(judge(schedule("weekly", { lastRun, lastEnded: run("w", 15) }), nightly)).toMatchObject({
      status: "False",
      reason: "QuotaExceeded",
    });
  });

  it("is false where a run was due and none was started, and says when and where to look", () => {
    const weekly = schedule("weekly", { lastRun: run("w", 15), missedSince: "2026-11-22T01:00:00Z" });
    expect(judge(weekly, nightly)).toEqual({
      status: "False",
      reason: "ScheduleMissed",
      message:
        "schedule weekly: no run was started at 2026-11-22T01:00:00Z, when one was due, nor since; look for the reason with kubectl describe cronjob shop-weekly",
    });
  });

  it("says both of a schedule that failed and was missed since", () => {
    const lastRun = run("w", 15, "Failed", "SnapshotFailed");
    expect(judge(schedule("weekly", { lastRun, missedSince: "2026-11-22T01:00:00Z" }), nightly)).toMatchObject({
      reason: "ScheduleMissed",
      message: expect.stringMatching(/^schedule weekly: no run .*; schedule weekly, run w: said SnapshotFailed$/),
    });
  });

  it("names all schedules in which something is wrong", () => {
    const said = judge(
      schedule("weekly", { missedSince: "2026-11-22T01:00:00Z" }),
      schedule("nightly", { lastRun: run("n", 23, "Failed", "SnapshotFailed") }),
    );
    expect(said).toMatchObject({ status: "False", reason: "SchedulesFailed" });
    expect(said.message).toMatch(/schedule weekly: no run .*schedule nightly, run n: said SnapshotFailed/);
  });

  it("expects nothing of a suspended schedule, but tells of a run of it that was started by hand", () => {
    const suspended = (day: number) =>
      schedule("weekly", { isSuspended: true, lastRun: run("w", day, "Failed", "SnapshotFailed") });
    expect(judge(suspended(22), nightly)).toMatchObject({ status: "True", reason: "Succeeded" });
    expect(judge(suspended(24), nightly)).toMatchObject({ status: "False", reason: "SnapshotFailed" });
  });
});
