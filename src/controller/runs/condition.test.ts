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

  describe("of which one schedule is suspended", () => {
    const suspended = (more: Partial<ScheduleRuns>) =>
      schedule("weekly", { suspendedSince: "2026-11-23T12:00:00Z", ...more });
    const failed = (day: number) => run("w", day, "Failed", "SnapshotFailed");

    it("expects nothing of it, however it went before and whether or not it ran last", () => {
      expect(judge(suspended({ lastRun: failed(23) }), schedule("nightly", { lastRun: run("n", 22) }))).toMatchObject({
        status: "True",
        message: "schedule nightly, run n: said Succeeded",
      });
    });

    it("tells of a run of it that began since, by hand, whatever ran after that", () => {
      const after = schedule("nightly", { lastRun: run("n", 25) });
      expect(judge(suspended({ lastRun: failed(24) }), after)).toMatchObject({ reason: "SnapshotFailed" });
    });

    it("does not fall back to what ended before, while one by hand is under way", () => {
      const first = suspended({ lastRun: run("x", 24, "Running"), lastEnded: failed(22) });
      expect(judge(first)).toMatchObject({ status: "Unknown", reason: "Suspended" });
    });

    it("does not deny a run by hand that began before the operator saw that it is suspended", () => {
      const byHand = { ...failed(23), startTime: "2026-11-23T11:59:00Z" };
      expect(judge(suspended({ lastRun: byHand }))).toEqual({
        status: "Unknown",
        reason: "Suspended",
        message:
          "all schedules are suspended, and no run that was started by hand since the operator saw that has ended",
      });
    });

    it("is unknown where there is no other", () => {
      expect(judge(suspended({ lastRun: failed(22) }))).toMatchObject({ status: "Unknown", reason: "Suspended" });
      expect(judge(suspended({ lastRun: failed(22) }), schedule("new"))).toMatchObject({ reason: "NoRunYet" });
    });
  });

  describe("where two runs of a schedule overlapped", () => {
    const times = (startHour: number, endHour: number) => ({
      startTime: `2026-11-23T0${startHour}:00:00Z`,
      completionTime: `2026-11-23T0${endHour}:00:00Z`,
    });
    const long = (outcome: RunSummary["outcome"]) => ({ ...run("long", 23, outcome), ...times(1, 6) });
    const byHand = (outcome: RunSummary["outcome"]) => ({ ...run("by-hand", 23, outcome), ...times(2, 3) });

    it.each<[RunSummary["outcome"], RunSummary["outcome"]]>([
      ["Succeeded", "Degraded"],
      ["Failed", "Succeeded"],
    ])("goes by the one that ended last: %s, not %s", (ended, endedBefore) => {
      const both = schedule("nightly", { lastRun: byHand(endedBefore), lastEnded: long(ended) });
      expect(judge(both)).toMatchObject({ reason: ended, message: expect.stringContaining("run long") });
    });

    it("says of one that cannot start that it cannot, though the other ended since it began", () => {
      const blocked = { ...run("by-hand", 23, "Running", "QuotaExceeded"), startTime: "2026-11-23T02:00:00Z" };
      expect(judge(schedule("nightly", { lastRun: blocked, lastEnded: long("Succeeded") }))).toMatchObject({
        reason: "QuotaExceeded",
      });
    });
  });
});
