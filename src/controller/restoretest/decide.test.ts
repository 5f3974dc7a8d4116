import { describe, expect, it } from "vitest";
import { parseRestoreTest, type RestoreTest } from "../../api/objects.ts";
import type { Stored } from "../../kube/types.ts";
import { foreignCronJob, hoursAgo, jobOf, meta, now, policyOf, reportingPod } from "../fixtures.ts";
import { decideRestoreTest, type RestoreTestInput } from "./decide.ts";

const testOf = (spec: object = {}, status?: RestoreTest["status"]): Stored<RestoreTest> =>
  parseRestoreTest({
    metadata: meta("prove"),
    spec: { policyRef: { name: "shop" }, cron: "0 5 * * 0", ...spec },
    status,
  }) as Stored<RestoreTest>;

const decide = (of: Partial<RestoreTestInput> = {}) =>
  decideRestoreTest({
    input: { test: testOf(), policy: policyOf(), cronJobs: [], runs: [], ...of },
    image: { image: "operator:1", imagePullPolicy: "IfNotPresent" },
    isCurrent: () => false,
    now,
  });

describe("decideRestoreTest", () => {
  it("makes a CronJob of the test's own name, and says when it is due", () => {
    const { plan, standing, status } = decide();
    expect(plan.create.map(({ metadata }) => metadata.name)).toEqual(["prove"]);
    const pod = plan.create[0]?.spec?.jobTemplate.spec?.template.spec;
    expect(pod?.containers[0]?.args).toEqual(["runner", "restore-test", "--test", "prove"]);
    expect(standing).toMatchObject({ state: "Ready", reason: "ScheduleApplied" });
    expect(status.nextTime).toBe("2026-11-29T05:00:00Z");
  });

  const table: [string, Partial<RestoreTestInput>, string][] = [
    ["a policy that does not exist", { policy: undefined }, "PolicyNotFound"],
    ["a time zone that does not exist", { test: testOf({ timeZone: "No/Where" }) }, "InvalidTimeZone"],
    ["a target that the policy does not use", { test: testOf({ targets: ["onprem", "tape"] }) }, "TargetNotFound"],
    ["a CronJob of somebody else", { cronJobs: [foreignCronJob("prove")] }, "NameTaken"],
  ];
  it.each(table)("is stalled by %s", (_, of, reason) => {
    expect(decide(of).standing).toMatchObject({ state: "Stalled", reason });
  });

  describe("the time of the next run", () => {
    const condition = (type: string, reason: string) => ({
      ...{ type, status: type === "Ready" ? ("False" as const) : ("True" as const), reason },
      ...{ message: "", lastTransitionTime: hoursAgo(1) },
    });
    const refused = testOf(
      {},
      { conditions: [condition("Ready", "Forbidden"), condition("Reconciling", "Forbidden")] },
    );
    const cronJob = (more: object = {}) => {
      const present = foreignCronJob("prove");
      const spec = { schedule: "0 5 * * 0", timeZone: "Etc/UTC", suspend: false, jobTemplate: {} };
      return { ...present, metadata: meta("prove", { ownerReferences: [{ uid: "uid-prove" }], ...more }), spec };
    };
    const table: [string, Partial<RestoreTestInput>, string | undefined][] = [
      ["none while the CronJob was refused", { test: refused }, undefined],
      ["that of the CronJob that there is", { test: refused, cronJobs: [cronJob()] }, "2026-11-29T05:00:00Z"],
      [
        "none while the old CronJob is being deleted",
        { cronJobs: [cronJob({ deletionTimestamp: hoursAgo(1) })] },
        undefined,
      ],
    ];
    it.each(table)("is %s", (_, of, time) => expect(decide(of).status.nextTime).toBe(time));
  });

  it("is ready when suspended, with nothing due", () => {
    const { standing, status } = decide({ test: testOf({ suspend: true }) });
    expect(standing).toMatchObject({ state: "Ready", reason: "Suspended" });
    expect(status.nextTime).toBeUndefined();
  });

  it("tells how the last run ended, and when one last passed", () => {
    const end = { type: "Failed", reason: "PodFailurePolicy", hours: 1 } as const;
    const failed = {
      job: jobOf("prove-2", { hours: 2, end }),
      pods: [reportingPod("Failed", "CheckFailed")],
      leftEvidence: true,
    };
    const { status, conditions } = decide({ runs: [failed], test: testOf({}, { lastSuccessTime: hoursAgo(50) }) });
    expect(status).toMatchObject({
      lastSuccessTime: hoursAgo(50),
      lastRun: { outcome: "Failed", reason: "CheckFailed" },
    });
    expect(conditions).toEqual([
      { type: "LastRunSucceeded", status: "False", reason: "CheckFailed", message: "run prove-2: said CheckFailed" },
    ]);
  });
});
