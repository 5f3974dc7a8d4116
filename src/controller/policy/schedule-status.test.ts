import { describe, expect, it } from "vitest";
import type { BackupPolicy } from "../../api/objects.ts";
import type { ScheduleStatus } from "../../api/policy.ts";
import type { RunSummary } from "../../api/runs.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { cronJobLeaving } from "../cronjobs/plan.ts";
import { foreignCronJob, hoursAgo, meta, now, policyOf } from "../fixtures.ts";
import type { PolicyInput } from "./input.ts";
import { scheduleStatus } from "./schedule-status.ts";

// The schedule is daily at 01:00 UTC, and it is noon.
const slot = "2026-11-23T01:00:00Z";
const inForce = { cron: "0 1 * * *", timeZone: "Etc/UTC", since: "2026-11-20T12:00:00Z" };

const run = (job: string, more: Partial<RunSummary> = {}): RunSummary => ({
  job,
  outcome: "Succeeded",
  reason: "Succeeded",
  message: "",
  startTime: "2026-11-22T01:00:00Z",
  completionTime: "2026-11-22T02:00:00Z",
  ...more,
});

const cronJobOf = (more: { readonly spec?: object; readonly meta?: object; readonly status?: object } = {}) =>
  ({
    ...foreignCronJob("shop-nightly"),
    metadata: meta("shop-nightly", { ownerReferences: [{ uid: "uid-shop" }], ...more.meta }),
    spec: { schedule: "0 1 * * *", timeZone: "Etc/UTC", suspend: false, jobTemplate: {}, ...more.spec },
    status: more.status,
  }) as Stored<CronJob>;

const statusOf = (
  of: {
    readonly before?: Partial<ScheduleStatus>;
    readonly runs?: readonly RunSummary[];
    readonly cronJob?: Stored<CronJob>;
    readonly spec?: object;
    readonly ready?: { readonly reason: string; readonly reconciling: "True" | "False" };
    readonly isBroken?: boolean;
    readonly taken?: readonly string[];
    readonly leaving?: readonly string[];
    readonly at?: Date;
  } = {},
): ScheduleStatus => {
  const { before, ready } = of;
  const condition = (type: string, status: "True" | "False", reason: string) => ({
    ...{ type, status, reason, message: "", lastTransitionTime: hoursAgo(1) },
  });
  const status: BackupPolicy["status"] = {
    conditions: ready && [
      condition("Ready", "False", ready.reason),
      condition("Reconciling", ready.reconciling, ready.reason),
    ],
    schedules: before && [{ name: "nightly", ...before }],
  };
  const policy = policyOf(of.spec, status);
  const [schedule] = policy.spec.schedules;
  if (!schedule) throw new Error("the policy has no schedule");
  return scheduleStatus({
    input: { policy, cronJobs: of.cronJob ? [of.cronJob] : [] } as unknown as PolicyInput,
    schedule,
    runs: of.runs ?? [],
    isBroken: of.isBroken ?? false,
    plan: { create: [], replace: [], suspend: [], remove: [], taken: of.taken ?? [], leaving: of.leaving ?? [] },
    now: of.at ?? now,
  });
};

describe("a run that was due and was not started", () => {
  it("is told, by the first slot since the last run", () => {
    expect(statusOf({ before: { inForce, lastRun: run("old") } }).missedSince).toBe(slot);
  });

  it("is told of a schedule that never ran", () => {
    expect(statusOf({ before: { inForce } }).missedSince).toBe("2026-11-21T01:00:00Z");
  });

  it("is told although the CronJob is not there", () => {
    const ready = { reason: "Forbidden", reconciling: "True" } as const;
    expect(statusOf({ before: { inForce, lastRun: run("old") }, ready }).missedSince).toBe(slot);
  });

  const lost = run("long", {
    outcome: "Running",
    startTime: "2026-11-22T01:00:00Z",
    completionTime: undefined,
  });
  const known = { inForce, lastRun: run("old") };
  const table: [string, Parameters<typeof statusOf>[0]][] = [
    ["within ten minutes of its time", { before: known, at: new Date("2026-11-23T01:09:00Z") }],
    [
      "once a later one was started, by hand too",
      { before: known, runs: [run("by-hand", { startTime: hoursAgo(1) })] },
    ],
    [
      "where one was under way at its time, and still is",
      { before: known, runs: [run("long", { outcome: "Running", completionTime: undefined })] },
    ],
    [
      "where one was under way at its time, and has ended since",
      { before: { inForce, lastRun: run("long", { completionTime: "2026-11-23T08:00:00Z" }) } },
    ],
    [
      "where an older one was under way at its time, beside a short one by hand",
      { before: known, runs: [run("long", { completionTime: "2026-11-23T08:00:00Z" }), run("short")] },
    ],
    ["where a run was under way whose Job was deleted since", { before: { inForce, lastRun: lost } }],
    [
      "where Kubernetes says that it started one, whose Job nobody saw",
      { before: known, cronJob: cronJobOf({ status: { lastScheduleTime: slot } }) },
    ],
    ["of a schedule that is new", {}],
    ["of one whose status is of an older version", { before: { lastRun: run("old") } }],
    ["of one that has another time now", { before: { ...known, inForce: { ...inForce, cron: "30 1 * * *" } } }],
    ["of one that has another time zone now", { before: { ...known, inForce: { ...inForce, timeZone: "UTC" } } }],
    ["while all are suspended", { before: known, spec: { suspend: true } }],
    ["where its cron cannot be applied", { before: known, isBroken: true }],
    ["where its CronJob is somebody else's", { before: known, taken: ["shop-nightly"] }],
  ];
  it.each(table)("is not missed %s", (_, of) => expect(statusOf(of).missedSince).toBeUndefined());

  it.each<[string, Parameters<typeof statusOf>[0]]>([
    ["the schedule's beginning", { before: { ...known, inForce: { ...inForce, since: "2027-01-01T00:00:00Z" } } }],
    ["a run", { before: { inForce, lastRun: run("old", { completionTime: "2027-01-01T00:00:00Z" }) } }],
    ["a start", { before: known, cronJob: cronJobOf({ status: { lastScheduleTime: "2027-01-01T00:00:00Z" } }) }],
  ])("is told, too, where a clock that was ahead has dated %s", (_, of) => {
    const { inForce: rule, lastRun } = statusOf(of);
    const later = statusOf({ ...of, before: { inForce: rule, lastRun }, at: new Date("2026-11-24T12:00:00Z") });
    expect(later.missedSince?.slice(10)).toBe("T01:00:00Z");
  });

  it("stays explained by the run whose Job was deleted, when that is known no more", () => {
    const seen = statusOf({ before: { inForce, lastRun: lost } });
    expect(seen.lastRun).toMatchObject({ reason: "RunLost", completionTime: "2026-11-23T12:00:00Z" });
    expect(statusOf({ before: seen, at: new Date("2026-11-23T13:00:00Z") }).missedSince).toBeUndefined();
  });
});

describe("the time from which a schedule's runs are expected", () => {
  it("stays while the schedule does", () => {
    expect(statusOf({ before: { inForce } }).inForce).toEqual(inForce);
  });

  it("begins anew where a clock was ahead, but for a little", () => {
    const sinceAfter = (since: string) => statusOf({ before: { inForce: { ...inForce, since } } }).inForce?.since;
    expect(sinceAfter("2026-11-23T12:04:00Z")).toBe("2026-11-23T12:04:00Z");
    expect(sinceAfter("2026-11-23T12:06:00Z")).toBe("2026-11-23T12:00:00Z");
  });

  it("begins anew with a change, and after a suspension", () => {
    const since = "2026-11-23T12:00:00Z";
    expect(statusOf().inForce).toEqual({ ...inForce, since });
    const before = statusOf({ before: { inForce }, spec: { suspend: true } });
    expect(before.inForce).toBeUndefined();
    expect(statusOf({ before }).inForce).toEqual({ ...inForce, since });
  });
});

describe("the time since when a schedule is suspended", () => {
  const suspended = { spec: { suspend: true } };
  const at = new Date("2026-11-23T13:00:00Z");

  it("stays while it is, and goes with it", () => {
    const first = statusOf(suspended);
    expect(first.suspendedSince).toBe("2026-11-23T12:00:00Z");
    expect(statusOf({ ...suspended, before: first, at }).suspendedSince).toBe("2026-11-23T12:00:00Z");
    expect(statusOf({ before: first, at }).suspendedSince).toBeUndefined();
  });

  it("begins anew where a clock was ahead", () => {
    const before = { suspendedSince: "2027-01-01T00:00:00Z" };
    expect(statusOf({ ...suspended, before, at }).suspendedSince).toBe("2026-11-23T13:00:00Z");
  });
});

describe("the run that ended last", () => {
  const failed = run("failed", { outcome: "Failed", reason: "SnapshotFailed" });
  const under = run("new", { outcome: "Running", startTime: hoursAgo(1), completionTime: undefined });

  it("is remembered while another is under way or was skipped, for its Job may be gone", () => {
    const first = statusOf({ before: { lastRun: failed }, runs: [under] });
    expect(first).toMatchObject({ lastRun: { job: "new" }, lastEnded: failed });
    const skipped = { ...under, outcome: "Skipped" as const, completionTime: hoursAgo(0.5) };
    expect(statusOf({ before: first, runs: [skipped] })).toMatchObject({ lastRun: skipped, lastEnded: failed });
  });

  it("is not said twice", () => {
    const ended = run("new", { startTime: hoursAgo(1), completionTime: hoursAgo(0.5) });
    const after = statusOf({ before: { lastRun: under, lastEnded: failed }, runs: [ended] });
    expect(after).toMatchObject({ lastRun: ended });
    expect(after.lastEnded).toBeUndefined();
  });
});

describe("the next time and the CronJob", () => {
  const next = { cronJob: "shop-nightly", nextTime: "2026-11-24T01:00:00Z" };
  const refused = { reason: "Forbidden", reconciling: "True" } as const;

  it("are told of what is about to be applied", () => {
    expect(statusOf()).toMatchObject(next);
    expect(statusOf({ ready: { reason: "TargetNotFound", reconciling: "False" } })).toMatchObject(next);
  });

  it("are not told while the old CronJob is still being deleted, but once it is gone", () => {
    const cronJob = cronJobOf({ meta: { deletionTimestamp: hoursAgo(1) } });
    expect(statusOf({ cronJob, leaving: ["shop-nightly"] }).nextTime).toBeUndefined();
    expect(statusOf({ ready: { reason: cronJobLeaving, reconciling: "True" } })).toMatchObject(next);
  });

  it("are told of what is in place, although another schedule was refused", () => {
    expect(statusOf({ ready: refused, cronJob: cronJobOf() })).toMatchObject(next);
  });

  it("are not told of a CronJob that was refused", () => {
    const { cronJob, nextTime } = statusOf({ ready: refused });
    expect([cronJob, nextTime]).toEqual([undefined, undefined]);
  });

  it.each<[string, Parameters<typeof cronJobOf>[0]]>([
    ["at another time", { spec: { schedule: "0 2 * * *" } }],
    ["in another time zone", { spec: { timeZone: "Asia/Tokyo" } }],
    ["never, as it is suspended", { spec: { suspend: true } }],
    ["no more, as it is being deleted", { meta: { deletionTimestamp: hoursAgo(1) } }],
  ])("tell no time where the change was refused and the CronJob runs %s", (_, more) => {
    expect(statusOf({ ready: refused, cronJob: cronJobOf(more) }).nextTime).toBeUndefined();
  });
});
