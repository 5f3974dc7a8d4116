import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../api/runs.ts";
import type { Job, Pod, Stored } from "../../kube/types.ts";
import type { RunReport } from "../../runner/contract.ts";
import { lastEndedRun, later, latestRun, type RunFacts, summarizeRun } from "./summary.ts";

const now = new Date("2026-11-23T02:00:00Z");
const meta = (name: string, creationTimestamp = "2026-11-23T01:00:00Z") => ({
  name,
  namespace: "shop",
  uid: name,
  resourceVersion: "1",
  creationTimestamp,
});

function job(type?: "Complete" | "Failed", reason = "", at = "2026-11-23T01:10:00Z"): Stored<Job> {
  const conditions = type
    ? [{ type, status: "True", reason, message: `Job says ${reason}`, lastTransitionTime: at }]
    : undefined;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: meta("shop-nightly-1"),
    status: { startTime: "2026-11-23T01:00:01Z", conditions },
  };
}

function pod(message: string | undefined, exitCode = 1, created = "2026-11-23T01:00:02Z"): Stored<Pod> {
  const terminated = { exitCode, reason: "Error", message };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(`pod-${created}`, created),
    status: {
      containerStatuses: [
        { name: "runner", image: "i", imageID: "", ready: false, restartCount: 0, state: { terminated } },
      ],
    },
  };
}

const report = (outcome: RunReport["outcome"], reason: string): string =>
  JSON.stringify({ outcome, reason, message: `it ${reason}`, startTime: "x", completionTime: "y" } satisfies RunReport);

const facts = (of: Partial<RunFacts>): RunFacts => ({ job: job(), pods: [], leftEvidence: false, ...of });

describe("summarizeRun", () => {
  const table: [string, RunFacts, string, string][] = [
    ["under way", facts({}), "Running", "Running"],
    [
      "kept from starting",
      facts({ blocked: { reason: "QuotaExceeded", message: "no room" } }),
      "Running",
      "QuotaExceeded",
    ],
    [
      "succeeded",
      facts({ job: job("Complete"), pods: [pod(report("Succeeded", "Succeeded"), 0)] }),
      "Succeeded",
      "Succeeded",
    ],
    [
      "skipped",
      facts({ job: job("Complete"), pods: [pod(report("Skipped", "VolumeBusy"), 0)] }),
      "Skipped",
      "VolumeBusy",
    ],
    [
      "partly failed",
      facts({ job: job("Failed", "PodFailurePolicy"), pods: [pod(report("Degraded", "StoreUnreachable"), 3)] }),
      "Degraded",
      "StoreUnreachable",
    ],
    [
      "failed, with the word of the last attempt",
      facts({
        job: job("Failed", "PodFailurePolicy"),
        pods: [
          pod(report("Failed", "SnapshotFailed"), 1, "2026-11-23T01:05:00Z"),
          pod(report("Failed", "Interrupted"), 1, "2026-11-23T01:00:02Z"),
        ],
      }),
      "Failed",
      "SnapshotFailed",
    ],
    [
      "killed without a word",
      facts({ job: job("Failed", "BackoffLimitExceeded"), pods: [pod(undefined, 137)] }),
      "Failed",
      "BackoffLimitExceeded",
    ],
    [
      "killed after it had said it succeeded: the Job's end counts",
      facts({ job: job("Failed", "BackoffLimitExceeded"), pods: [pod(report("Succeeded", "Succeeded"), 137)] }),
      "Failed",
      "BackoffLimitExceeded",
    ],
    [
      "out of time, whatever an earlier attempt said",
      facts({ job: job("Failed", "DeadlineExceeded"), pods: [pod(report("Failed", "Interrupted"))] }),
      "Failed",
      "DeadlineExceeded",
    ],
    [
      "words that are no report",
      facts({ job: job("Failed", "PodFailurePolicy"), pods: [pod("{oops")] }),
      "Failed",
      "RunnerFailed",
    ],
    [
      "ended well, report gone, points there",
      facts({ job: job("Complete"), leftEvidence: true }),
      "Succeeded",
      "Succeeded",
    ],
    ["ended well, report gone, nothing there", facts({ job: job("Complete") }), "Skipped", "ReportLost"],
  ];
  it.each(table)("%s", (_, of, outcome, reason) => {
    expect(summarizeRun(of, now)).toMatchObject({ outcome, reason, startTime: "2026-11-23T01:00:01Z" });
  });

  it("names what killed the runner", () => {
    const killed = facts({ job: job("Failed", "BackoffLimitExceeded"), pods: [pod("out of heap", 137)] });
    expect(summarizeRun(killed, now).message).toMatch(/Job says .*Error 137: out of heap/);
  });

  it("waits a moment for the report of a Job that has just ended", () => {
    const ended = facts({ job: job("Complete", "", "2026-11-23T01:59:55Z") });
    expect(summarizeRun(ended, now)).toMatchObject({ outcome: "Running" });
    expect(summarizeRun(ended, new Date("2026-11-23T02:01:00Z"))).toMatchObject({ outcome: "Skipped" });
  });
});

describe("latestRun", () => {
  const run = (
    name: string,
    startTime: string,
    outcome: RunSummary["outcome"] = "Succeeded",
    reason = "R",
  ): RunSummary => ({
    job: name,
    outcome,
    reason,
    message: "",
    startTime,
  });
  const first = run("a", "2026-11-23T01:00:00Z");
  const second = run("b", "2026-11-23T02:00:00Z");

  it("is the newest of the Jobs", () => expect(latestRun(undefined, [second, first])).toBe(second));
  it("is a newer Job than the one known", () => expect(latestRun(first, [first, second])).toBe(second));
  it("outlives its Job", () => expect(latestRun(second, [first])).toBe(second));
  it("is none before the first", () => expect(latestRun(undefined, [])).toBeUndefined());
  it("keeps how a run ended when its pod is gone", () => {
    expect(latestRun(second, [run("b", "2026-11-23T02:00:00Z", "Skipped", "ReportLost")])).toBe(second);
  });
  it("follows a run from its start to its end", () => {
    const running = run("b", "2026-11-23T02:00:00Z", "Running");
    expect(latestRun(running, [second])).toBe(second);
  });
  it("calls a run lost whose Job vanished in the middle", () => {
    expect(latestRun(run("b", "2026-11-23T02:00:00Z", "Running"), [first])).toMatchObject({
      job: "b",
      outcome: "Failed",
      reason: "RunLost",
    });
  });
});

describe("lastEndedRun", () => {
  const run = (job: string, hour: number, outcome: RunSummary["outcome"], reason = "R"): RunSummary => ({
    ...{ job, outcome, reason, message: "" },
    startTime: `2026-11-23T0${hour}:00:00Z`,
  });
  const running = run("c", 3, "Running");
  const skipped = run("b", 2, "Skipped");
  const failed = run("a", 1, "Failed");
  const long: RunSummary = { ...run("long", 1, "Succeeded"), completionTime: "2026-11-23T06:00:00Z" };
  const short: RunSummary = { ...run("short", 2, "Failed"), completionTime: "2026-11-23T03:00:00Z" };
  const table: [string, Parameters<typeof lastEndedRun>[0], RunSummary | undefined][] = [
    ["none before the first", { lastRun: running, known: [], runs: [running] }, undefined],
    ["none where the newest run has ended", { lastRun: failed, known: [failed], runs: [failed] }, undefined],
    [
      "one that began before the newest and ended after it",
      { lastRun: short, known: [short], runs: [short, long] },
      long,
    ],
    ["that one also when its Job is gone", { lastRun: short, known: [short, long], runs: [short] }, long],
    [
      "none while that one is under way",
      { lastRun: short, known: [], runs: [run("long", 1, "Running"), short] },
      undefined,
    ],
    ["one with a Job", { lastRun: running, known: [undefined], runs: [running, skipped, failed] }, failed],
    ["one whose Job is gone", { lastRun: running, known: [skipped, failed], runs: [running] }, failed],
    [
      "the newest of those",
      { lastRun: running, known: [failed], runs: [run("b", 2, "Succeeded")] },
      run("b", 2, "Succeeded"),
    ],
    [
      "as it was told when its pod was there",
      { lastRun: running, known: [failed], runs: [running, run("a", 1, "Failed", "RunnerFailed")] },
      failed,
    ],
    [
      "how one ended that was last seen under way",
      { lastRun: running, known: [run("a", 1, "Running")], runs: [failed] },
      failed,
    ],
  ];
  it.each(table)("is %s", (_, of, expected) => expect(lastEndedRun(of)).toEqual(expected));
});

it("later takes the later of two instants, whatever their spelling", () => {
  expect(later("2026-11-23T01:00:00.000Z", undefined, "2026-11-23T01:00:01Z")).toBe("2026-11-23T01:00:01Z");
  expect(later(undefined)).toBeUndefined();
});
