import { describe, expect, it } from "vitest";
import { hoursAgo, jobOf, now, policyOf, reportingPod } from "../fixtures.ts";
import { conditionOf, decide, schedule } from "./fixtures.ts";
import type { ScheduleRun } from "./input.ts";

describe("the runs of a policy", () => {
  const run = (
    name: string,
    of: Partial<ScheduleRun["facts"]> & { job: ScheduleRun["facts"]["job"] },
    on = "nightly",
  ): ScheduleRun => ({
    schedule: on,
    facts: { pods: [], leftEvidence: false, ...of, job: { ...of.job, metadata: { ...of.job.metadata, name } } },
  });
  const succeeded = run("shop-nightly-1", {
    job: jobOf("j1", { hours: 11, end: { type: "Complete", hours: 10 } }),
    pods: [reportingPod("Succeeded", "Succeeded")],
  });
  const failed = run("shop-nightly-2", {
    job: jobOf("j2", { hours: 5, end: { type: "Failed", reason: "PodFailurePolicy", hours: 4 } }),
    pods: [reportingPod("Failed", "SnapshotFailed")],
  });
  const running = run("shop-nightly-3", { job: jobOf("j3", { hours: 0.1 }) });

  it("are unknown before the first", () => {
    expect(conditionOf(decide(), "LastRunSucceeded")).toMatchObject({ status: "Unknown", reason: "NoRunYet" });
  });

  it("tell when one last succeeded, and why the last one failed", () => {
    const decision = decide({ runs: [succeeded, failed] });
    expect(decision.status.lastSuccessTime).toBe(hoursAgo(10));
    expect(decision.status.schedules?.[0]?.lastRun).toMatchObject({
      job: "shop-nightly-2",
      outcome: "Failed",
      reason: "SnapshotFailed",
    });
    expect(conditionOf(decision, "LastRunSucceeded")).toEqual({
      type: "LastRunSucceeded",
      status: "False",
      reason: "SnapshotFailed",
      message: "schedule nightly, run shop-nightly-2: said SnapshotFailed",
    });
  });

  it("go on counting while the next one is under way", () => {
    const decision = decide({ runs: [succeeded, running] });
    expect(decision.status.schedules?.[0]?.lastRun?.outcome).toBe("Running");
    expect(conditionOf(decision, "LastRunSucceeded")?.status).toBe("True");
  });

  it("outlive their Jobs", () => {
    const { status, conditions } = decide({ runs: [failed] });
    const policy = policyOf(
      {},
      {
        ...status,
        conditions: conditions.map((condition) => ({ ...condition, lastTransitionTime: hoursAgo(4) })),
      },
    );
    const later = decide({ policy, runs: [running] });
    expect(conditionOf(later, "LastRunSucceeded")).toMatchObject({ status: "False", reason: "SnapshotFailed" });
    expect(decide({ policy }).status.schedules?.[0]?.lastRun?.job).toBe("shop-nightly-2");
  });

  it("say at once when they cannot start", () => {
    const blocked = run("shop-nightly-4", {
      job: jobOf("j4", { hours: 0.1 }),
      blocked: { reason: "QuotaExceeded", message: "no room" },
    });
    expect(conditionOf(decide({ runs: [succeeded, blocked] }), "LastRunSucceeded")).toMatchObject({
      status: "False",
      reason: "QuotaExceeded",
    });
  });

  it("of one schedule do not hide that another one fails, or was never started", () => {
    const schedules = [schedule("weekly", { cron: "0 1 * * 0" }), schedule("nightly")];
    const failing = run("shop-weekly-1", { job: failed.facts.job, pods: failed.facts.pods }, "weekly");
    const nightly = run("shop-nightly-9", {
      job: jobOf("j9", { hours: 1, end: { type: "Complete", hours: 0.5 } }),
      pods: [reportingPod("Succeeded", "Succeeded")],
    });
    expect(
      conditionOf(decide({ policy: policyOf({ schedules }), runs: [failing, nightly] }), "LastRunSucceeded"),
    ).toEqual({
      type: "LastRunSucceeded",
      status: "False",
      reason: "SnapshotFailed",
      message: "schedule weekly, run shop-weekly-1: said SnapshotFailed",
    });

    const lastWeek = new Date(now.getTime() - 7 * 86400_000);
    const { status } = decide({ policy: policyOf({ schedules }) }, lastWeek);
    const missed = decide({ policy: policyOf({ schedules }, status), runs: [nightly] });
    expect(missed.status.schedules?.map(({ missedSince }) => missedSince)).toEqual(["2026-11-22T01:00:00Z", undefined]);
    expect(conditionOf(missed, "LastRunSucceeded")).toMatchObject({
      status: "False",
      reason: "ScheduleMissed",
      message: expect.stringMatching(/schedule weekly: .*2026-11-22T01:00:00Z.*-n shop describe cronjob shop-weekly/),
    });
  });

  it("of a schedule that was removed say nothing any more, but the last success stays", () => {
    const policy = policyOf({}, { lastSuccessTime: hoursAgo(3) });
    const decision = decide({ policy, runs: [run("old", { job: failed.facts.job, pods: failed.facts.pods }, "gone")] });
    expect(conditionOf(decision, "LastRunSucceeded")?.reason).toBe("NoRunYet");
    expect(decision.status.lastSuccessTime).toBe(hoursAgo(3));
  });

  it("have their next time in status", () => {
    expect(decide().status).toMatchObject({
      nextTime: "2026-11-24T01:00:00Z",
      schedules: [{ name: "nightly", cronJob: "shop-nightly", nextTime: "2026-11-24T01:00:00Z" }],
    });
  });
});
