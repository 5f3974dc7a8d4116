import { describe, expect, it } from "vitest";
import type { CronJob } from "../kube/types.ts";
import { chooseCronJob } from "./backup.ts";

const cronJob = (schedule?: string): CronJob => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: {
    name: `shop-${schedule ?? "other"}`,
    ...(schedule && { labels: { "holdfast.dev/schedule": schedule } }),
  },
  spec: { schedule: "0 1 * * *", jobTemplate: {} },
});
const both = [cronJob("full"), cronJob(), cronJob("nightly")];

describe("chooseCronJob", () => {
  it.each([
    [both, "nightly", "shop-nightly"],
    [[cronJob("full"), cronJob()], undefined, "shop-full"],
    [[cronJob("full")], "full", "shop-full"],
  ])("of %j with --schedule %s takes %s", (cronJobs, schedule, name) => {
    expect(chooseCronJob(cronJobs, { policy: "shop", schedule })).toBe(name);
  });

  it.each([
    [both, undefined, "several schedules: choose one with --schedule (full, nightly)"],
    [both, "weekly", "has no schedule weekly: it has full, nightly"],
    [[cronJob()], undefined, "There is no schedule of a policy shop in this namespace"],
    [[], "full", "There is no schedule of a policy shop in this namespace"],
  ])("says what there is instead: %j, %s", (cronJobs, schedule, message) => {
    expect(() => chooseCronJob(cronJobs, { policy: "shop", schedule })).toThrow(message);
  });
});
