import { describe, expect, it } from "vitest";
import type { BackupPolicy } from "../../api/objects.ts";
import type { Stored } from "../../kube/types.ts";
import { claimOf, foreignCronJob, hoursAgo, meta, now, pointOf, policyOf, targetOf } from "../fixtures.ts";
import { conditionOf, decide, schedule } from "./fixtures.ts";
import type { PolicyInput } from "./input.ts";

describe("what a policy is told to mend", () => {
  const table: [string, Partial<PolicyInput>, string, RegExp][] = [
    [
      "a time zone that does not exist",
      { policy: policyOf({ timeZone: "Mars/Olympus" }) },
      "InvalidTimeZone",
      /schedule nightly: there is no time zone "Mars\/Olympus"/,
    ],
    [
      "one of a schedule only",
      { policy: policyOf({ schedules: [schedule("a"), schedule("b", { timeZone: "Local" })] }) },
      "InvalidTimeZone",
      /schedule b/,
    ],
    ["a target that does not exist", { targets: [] }, "TargetNotFound", /no BackupTarget onprem in namespace shop/],
    [
      "a snapshot class that does not exist",
      { policy: policyOf({ snapshot: { volumeSnapshotClassName: "gone" } }) },
      "SnapshotClassNotFound",
      /no VolumeSnapshotClass gone \(there is: none\)/,
    ],
    [
      "a CronJob of somebody else",
      { cronJobs: [foreignCronJob("shop-nightly")] },
      "NameTaken",
      /CronJob shop-nightly exists already/,
    ],
  ];
  it.each(table)("%s", (_, of, reason, message) => {
    expect(decide(of).standing).toMatchObject({ state: "Stalled", reason, message: expect.stringMatching(message) });
  });

  it("tells everything at once", () => {
    const { standing } = decide({ targets: [], cronJobs: [foreignCronJob("shop-nightly")] });
    expect(standing.message).toMatch(/BackupTarget onprem.*CronJob shop-nightly/);
  });
});

describe("the CronJobs of a policy", () => {
  const created = (policy: Stored<BackupPolicy>) => decide({ policy }).plan.create;

  it("are one for each schedule, in its own zone or the policy's", () => {
    const policy = policyOf({
      timeZone: "Europe/Berlin",
      schedules: [schedule("a"), schedule("b", { timeZone: "Asia/Tokyo", suspend: true })],
    });
    expect(created(policy).map(({ metadata, spec }) => [metadata.name, spec?.timeZone, spec?.suspend])).toEqual([
      ["shop-a", "Europe/Berlin", false],
      ["shop-b", "Asia/Tokyo", true],
    ]);
  });

  it("start the runner without secrets, rights or privileges of their own", () => {
    const [cronJob] = created(policyOf());
    const pod = cronJob?.spec?.jobTemplate.spec?.template.spec;
    expect(pod?.containers[0]?.args).toEqual(["runner", "backup", "--policy", "shop", "--schedule", "nightly"]);
    expect(pod?.serviceAccountName).toBe("holdfast-runner");
    expect(JSON.stringify(pod)).not.toMatch(/secret/i);
    expect(pod?.securityContext?.runAsNonRoot).toBe(true);
    expect(cronJob?.metadata.ownerReferences).toMatchObject([{ uid: "uid-shop", controller: true }]);
    expect(cronJob?.spec).toMatchObject({
      concurrencyPolicy: "Forbid",
      jobTemplate: { metadata: { labels: { "holdfast.dev/policy": "shop" } } },
    });
  });

  it("stay as they were where a schedule cannot be applied, and the others go on", () => {
    const policy = policyOf({ schedules: [schedule("a"), schedule("b", { timeZone: "No/Where" })] });
    const before = {
      ...foreignCronJob("shop-b"),
      metadata: meta("shop-b", { ownerReferences: [{ uid: "uid-shop" }] }),
    };
    const { plan } = decide({ policy, cronJobs: [before] });
    expect(plan.create.map(({ metadata }) => metadata.name)).toEqual(["shop-a"]);
    expect([plan.replace, plan.remove, plan.suspend]).toEqual([[], [], []]);
  });

  it("are made although a target is missing: what can be copied is copied", () => {
    expect(decide({ targets: [] }).plan.create.length).toBe(1);
  });
});

describe("Ready", () => {
  it("says what is in force", () => {
    expect(decide().standing).toEqual({
      state: "Ready",
      reason: "SchedulesApplied",
      message: "schedules in force: 1 of 1",
    });
  });

  it("does not depend on targets, but says so", () => {
    expect(decide({ targets: [targetOf("onprem", { ready: "False" })] }).standing).toMatchObject({
      state: "Ready",
      message: "schedules in force: 1 of 1; target onprem is not ready (BucketNotFound)",
    });
    expect(decide({ targets: [targetOf("onprem", { ready: "True" })] }).standing.message).not.toMatch(/not ready/);
  });

  it("says that a PVC is missing which is named", () => {
    expect(decide({ claims: [] }).standing.message).toMatch(/there is no PVC data/);
  });

  it("says that a PVC is being deleted which is named", () => {
    const claims = [claimOf("data", { deletionTimestamp: hoursAgo(1) })];
    expect(decide({ claims }).standing.message).toMatch(/PVC data, which spec.volumes names, is being deleted/);
  });

  it("says when a policy is suspended", () => {
    const decision = decide({ policy: policyOf({ suspend: true }) });
    expect(decision.standing).toMatchObject({ state: "Ready", reason: "Suspended" });
    expect(decision.status.nextTime).toBeUndefined();
  });
});

describe("the strategy, by evidence", () => {
  const good = { phase: "Succeeded", copies: [{ target: "onprem", state: "Good" }] } as const;

  it("changes by itself as time passes, and asks to be judged then", () => {
    const points = [pointOf({ hours: 25.999, status: { ...good, copies: [...good.copies] } })];
    const before = decide({ points });
    expect(conditionOf(before, "RPOMet")?.status).toBe("True");
    expect(before.againAfterSeconds).toBeLessThan(5);
    const after = decide({ points }, new Date(now.getTime() + before.againAfterSeconds * 1000));
    expect(conditionOf(after, "RPOMet")).toMatchObject({ status: "False", reason: "CopiesStale" });
  });

  it.each<[string, Partial<PolicyInput>]>([
    ["missing", {}],
    ["being deleted", { claims: [claimOf("data"), claimOf("uploads", { deletionTimestamp: hoursAgo(1) })] }],
  ])("does not hold while a PVC that is named is %s", (_, of) => {
    const policy = policyOf({ volumes: { names: ["data", "uploads"] } });
    const decision = decide({
      policy,
      points: [pointOf({ hours: 1, status: { ...good, copies: [...good.copies] } })],
      ...of,
    });
    for (const type of ["RPOMet", "ThreeTwoOne", "Verified"]) {
      expect(conditionOf(decision, type)).toMatchObject({
        status: "False",
        reason: "VolumeNotFound",
        message: expect.stringContaining("PVC uploads"),
      });
    }
  });

  it("is judged again each minute at the latest", () => expect(decide().againAfterSeconds).toBe(60));

  it("counts restore points that can be restored from", () => {
    const failed = { phase: "Failed", copies: [{ target: "onprem", state: "Failed" as const }] } as const;
    const points = [
      pointOf({ hours: 1, status: { ...good, copies: [...good.copies] } }),
      pointOf({ hours: 2, status: { ...failed, copies: [...failed.copies] } }),
    ];
    expect(decide({ points }).status).toMatchObject({ restorePoints: 1, volumes: 1 });
  });

  it("has RTOMet only where there is an RTO", () => {
    expect(conditionOf(decide(), "RTOMet")).toBeUndefined();
    expect(conditionOf(decide({ policy: policyOf({ objectives: { rpo: "1h", rto: "5m" } }) }), "RTOMet")?.status).toBe(
      "Unknown",
    );
  });
});
