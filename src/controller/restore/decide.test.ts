import { describe, expect, it } from "vitest";
import type { Condition } from "../../api/conditions.ts";
import { parseRestore, type Restore } from "../../api/objects.ts";
import type { Stored } from "../../kube/types.ts";
import { standingConditions } from "../conditions.ts";
import { hoursAgo, jobOf, meta, now, reportingPod } from "../fixtures.ts";
import type { RunFacts } from "../runs/summary.ts";
import { decideRestore, restoreJob, restoreJobName } from "./decide.ts";

const conditions = (standing: Parameters<typeof standingConditions>[0]): Condition[] =>
  standingConditions(standing).map((draft) => ({ ...draft, lastTransitionTime: hoursAgo(1) }));

const restore = (status?: Restore["status"]): Stored<Restore> =>
  parseRestore({
    metadata: meta("back"),
    spec: { restorePointRef: { name: "p" }, to: { pvc: { name: "new" } } },
    status,
  }) as Stored<Restore>;

const own = {
  ownerReferences: [{ apiVersion: "holdfast.dev/v1alpha1", kind: "Restore", name: "back", uid: "uid-back" }],
};
const facts = (of: Partial<RunFacts> & { job: RunFacts["job"] }): RunFacts => ({
  pods: [],
  leftEvidence: false,
  ...of,
});
const follow = (run: RunFacts, status?: Restore["status"]) =>
  decideRestore({ restore: restore(status), present: run.job, run }, now);

const begun = { conditions: conditions({ state: "Reconciling", reason: "Running", message: "" }) };

describe("decideRestore", () => {
  it("starts once", () => {
    expect(decideRestore({ restore: restore(), present: undefined, run: undefined }, now)).toEqual({ step: "Start" });
  });

  it.each([
    ["succeeded", { state: "Ready", reason: "Succeeded", message: "" } as const],
    ["failed", { state: "Stalled", reason: "RestoreFailed", message: "" } as const],
  ])("leaves one alone that has %s, its Job being there or gone", (_, standing) => {
    const ended = restore({ conditions: conditions(standing) });
    const job = jobOf("restore-back", { hours: 1, more: own });
    expect(decideRestore({ restore: ended, present: undefined, run: undefined }, now)).toEqual({ step: "Leave" });
    expect(decideRestore({ restore: ended, present: job, run: facts({ job }) }, now)).toEqual({ step: "Leave" });
  });

  it.each([
    ["the controller had seen its Job", begun],
    ["its runner had written something", { phase: "Running" as const, startTime: hoursAgo(1) }],
  ])("never starts one again whose Job vanished: %s", (_, status) => {
    expect(decideRestore({ restore: restore(status), present: undefined, run: undefined }, now)).toMatchObject({
      step: "Say",
      standing: { state: "Stalled", reason: "RunLost" },
      status: { phase: "Failed" },
    });
  });

  it("believes what the runner of a vanished Job had written down", () => {
    const of = (phase: "Succeeded" | "Failed") =>
      decideRestore({ restore: restore({ phase, startTime: hoursAgo(1) }), present: undefined, run: undefined }, now);
    const restored = of("Succeeded");
    expect(restored).toMatchObject({ standing: { state: "Ready", reason: "Succeeded" } });
    expect(restored).not.toHaveProperty("status");
    const failed = of("Failed");
    expect(failed).toMatchObject({ standing: { state: "Stalled", message: expect.stringContaining("it failed") } });
    expect(failed).not.toHaveProperty("status");
  });

  it("does not take somebody else's Job for its own, and starts once that is gone", () => {
    const foreign = jobOf("restore-back", { hours: 1 });
    const decision = decideRestore({ restore: restore(), present: foreign, run: undefined }, now);
    expect(decision).toMatchObject({ step: "Say", standing: { state: "Stalled", reason: "NameTaken" } });
    const told = restore({ conditions: conditions({ state: "Stalled", reason: "NameTaken", message: "" }) });
    expect(decideRestore({ restore: told, present: undefined, run: undefined }, now)).toEqual({ step: "Start" });
  });

  it("follows its Job", () => {
    expect(follow(facts({ job: jobOf("j", { hours: 0.1 }) }))).toMatchObject({
      step: "Say",
      standing: { state: "Reconciling", reason: "Running" },
    });
    const blocked = { reason: "QuotaExceeded", message: "no room" };
    expect(follow(facts({ job: jobOf("j", { hours: 0.1 }), blocked }))).toMatchObject({
      standing: { state: "Failing", reason: "QuotaExceeded" },
    });
    const done = facts({
      job: jobOf("j", { hours: 1, end: { type: "Complete", hours: 0.5 } }),
      pods: [reportingPod("Succeeded", "Succeeded")],
    });
    expect(follow(done)).toEqual({
      step: "Say",
      standing: { state: "Ready", reason: "Succeeded", message: "said Succeeded" },
    });
  });

  it("sets the phase where a dead runner could not", () => {
    const end = { type: "Failed", reason: "BackoffLimitExceeded", hours: 0.5 } as const;
    const killed = facts({ job: jobOf("j", { hours: 1, end }) });
    expect(follow(killed, { phase: "Running" })).toMatchObject({
      standing: { state: "Stalled", reason: "BackoffLimitExceeded" },
      status: { phase: "Failed", completionTime: hoursAgo(0.5) },
    });
    expect(follow(killed, { phase: "Failed" })).not.toHaveProperty("status");
  });
});

it("the Job of a Restore goes with it, keeps its log for a while and fits its name", () => {
  const job = restoreJob(restore(), { image: "i", imagePullPolicy: undefined });
  expect(job.metadata).toMatchObject({ name: "restore-back", ownerReferences: [{ uid: "uid-back" }] });
  expect(job.spec?.ttlSecondsAfterFinished).toBeGreaterThan(86400);
  expect(job.spec?.template.spec?.containers[0]?.args).toEqual(["runner", "restore", "--restore", "back"]);
  const long = { ...restore(), metadata: meta("x".repeat(200)) };
  expect(restoreJobName(long).length).toBeLessThanOrEqual(63);
});
