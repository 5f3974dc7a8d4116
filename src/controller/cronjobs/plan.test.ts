import { describe, expect, it } from "vitest";
import type { CronJob, Stored } from "../../kube/types.ts";
import { createCronJobMemory } from "./apply.ts";
import { runnerCronJob } from "./manifest.ts";
import { type CronJobPlanInput, planCronJobs } from "./plan.ts";
import { runnerLabels } from "./runner-job.ts";

const owner = {
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupPolicy",
  name: "shop",
  uid: "policy",
  controller: true,
};

const desired = (name: string, cron = "0 1 * * *"): CronJob =>
  runnerCronJob({
    name,
    namespace: "shop",
    owner,
    cron,
    timeZone: "Etc/UTC",
    suspend: false,
    runner: {
      args: ["runner"],
      image: "i",
      imagePullPolicy: undefined,
      mover: {},
      labels: runnerLabels({}),
    },
  });

const stored = (cronJob: CronJob, more: object = {}): Stored<CronJob> => ({
  ...cronJob,
  metadata: {
    ...cronJob.metadata,
    uid: `uid-${cronJob.metadata.name}`,
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-11-23T01:00:00Z",
    ...more,
  },
});

const plan = (input: Partial<CronJobPlanInput>) => {
  const { create, replace, suspend, remove, taken, leaving } = planCronJobs({
    ownerUid: "policy",
    desired: [],
    keep: [],
    existing: [],
    isCurrent: () => true,
    hasRunning: () => false,
    ...input,
  });
  const names = (cronJobs: readonly CronJob[]) => cronJobs.map((cronJob) => cronJob.metadata.name);
  return {
    create: names(create),
    replace: names(replace.map((replacement) => replacement.present)),
    suspend: names(suspend),
    remove: names(remove),
    taken,
    leaving,
  };
};
const nothing = { create: [], replace: [], suspend: [], remove: [], taken: [], leaving: [] };

describe("planCronJobs", () => {
  it("creates what is missing and leaves alone what is right", () => {
    expect(plan({ desired: [desired("a"), desired("b")], existing: [stored(desired("a"))] })).toEqual({
      ...nothing,
      create: ["b"],
    });
  });

  it("replaces what was changed", () => {
    const input = { desired: [desired("a")], existing: [stored(desired("a"))], isCurrent: () => false };
    expect(plan(input)).toEqual({ ...nothing, replace: ["a"] });
  });

  it("removes what is not wanted any more, but lets its run end first", () => {
    const existing = [stored(desired("old"))];
    expect(plan({ existing })).toEqual({ ...nothing, remove: ["old"] });
    expect(plan({ existing, hasRunning: () => true })).toEqual({ ...nothing, suspend: ["old"] });
    const suspended = [
      stored({ ...desired("old"), spec: { ...desired("old").spec, suspend: true } as CronJob["spec"] }),
    ];
    expect(plan({ existing: suspended, hasRunning: () => true })).toEqual(nothing);
  });

  it("keeps what it is told to keep", () => {
    expect(plan({ existing: [stored(desired("a"))], keep: ["a"] })).toEqual(nothing);
  });

  it.each([
    ["nobody", []],
    ["another policy", [{ ...owner, uid: "other" }]],
  ])("never touches a CronJob of %s", (_, ownerReferences) => {
    const existing = [stored(desired("a"), { ownerReferences })];
    expect(plan({ desired: [desired("a")], existing, isCurrent: () => false })).toEqual({ ...nothing, taken: ["a"] });
    expect(plan({ existing })).toEqual(nothing);
  });

  it("waits for an object of that name which is being deleted", () => {
    const existing = [stored(desired("a"), { deletionTimestamp: "2026-11-23T01:00:00Z", ownerReferences: [] })];
    expect(plan({ desired: [desired("a")], existing, isCurrent: () => false })).toEqual({ ...nothing, leaving: ["a"] });
  });
});

describe("the memory of what was written", () => {
  const memory = createCronJobMemory();
  memory.wrote(stored(desired("a")), desired("a"));

  it("knows its own writing", () => expect(memory.isCurrent(stored(desired("a")), desired("a"))).toBe(true));
  it.each([
    ["an edit by hand", stored(desired("a"), { generation: 2 }), desired("a")],
    ["a lost label", stored(desired("a"), { labels: {} }), desired("a")],
    ["a changed wish", stored(desired("a")), desired("a", "0 2 * * *")],
    ["an object it never wrote", stored(desired("a"), { uid: "new" }), desired("a")],
  ])("sees %s", (_, existing, wish) => expect(memory.isCurrent(existing, wish)).toBe(false));
});
