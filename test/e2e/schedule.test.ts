import { expect } from "vitest";
import type { BackupPolicy } from "../../src/api/objects.ts";
import { jobs } from "../../src/kube/resources.ts";
import { quietApplication } from "./support/application.ts";
import { client, type TargetName } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { checkRepository } from "./support/referee.ts";
import { scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

scenario("runs come by themselves, and two schedules of the same minute one after the other", "clock", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(
    policy("shop", [
      { name: "full", type: "Full", cron: "* * * * *" },
      { name: "incremental", type: "Incremental", cron: "* * * * *" },
    ]),
  );
  const status = async () => (await s.get<BackupPolicy>("backuppolicy", "shop")).status;
  const next = await until("the next run to be told", async () => (await status())?.nextTime);
  expect(new Date(next).getUTCSeconds()).toBe(0);

  const both = await until("a run of each schedule to succeed", async () => {
    const schedules = (await status())?.schedules ?? [];
    return schedules.length === 2 && schedules.every(({ lastSuccessTime }) => lastSuccessTime) && schedules;
  });
  await s.change("backuppolicy", "shop", { spec: { suspend: true } });
  for (const { lastRun } of both) expect(lastRun?.job).toMatch(/^shop-(full|incremental)-\d+$/);
  await until("the runs under way to end", async () => {
    const { items } = await client.list(jobs, { namespace: s.namespace });
    return items.every((job) => job.status?.conditions?.some(({ type }) => type === "Complete" || type === "Failed"));
  });

  const points = await s.points();
  expect(new Set(points.map(({ spec }) => spec.schedule))).toEqual(new Set(["full", "incremental"]));
  expect(points.map(({ status: now }) => now?.phase)).toEqual(points.map(() => "Succeeded"));
  for (const copy of points.flatMap((point) => point.status?.copies ?? [])) {
    await checkRepository(copy.target as TargetName, copy.repository ?? "");
  }
  await s.expectNothingLeft();
});
