import { expect } from "vitest";
import type { BackupPolicy, RestorePoint } from "../../src/api/objects.ts";
import { quietApplication } from "./support/application.ts";
import { storeOf, type TargetName } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { checkRepository } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

const statesOf = (point: RestorePoint | undefined) =>
  Object.fromEntries((point?.status?.copies ?? []).map(({ target, state }) => [target, state]));

const condition = (s: Scenario, type: string, status: string) =>
  until(`${type} to be ${status}`, async () => {
    const { status: now } = await s.get<BackupPolicy>("backuppolicy", "shop");
    const found = now?.conditions?.find((one) => one.type === type);
    return found?.status === status && found;
  });

scenario("writes the other target when one is cut off, says which, and catches up", "cut-off", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"));
  const { endpoint } = storeOf("offsite");
  // A port on which nothing listens.
  await s.change("backuptarget", "offsite", { spec: { s3: { endpoint: endpoint.replace(/:\d+$/, ":9") } } });

  const end = await s.run("shop-full");
  expect(end).toMatchObject({ succeeded: false, report: { outcome: "Degraded", reason: "StoreUnreachable" } });
  expect(end.report.message).toContain("offsite");
  const [first] = await s.points();
  expect(first?.status?.phase).toBe("Degraded");
  expect(statesOf(first)).toEqual({ onprem: "Good", offsite: "Failed" });
  expect((await condition(s, "LastRunSucceeded", "False")).message).toContain("offsite");
  expect((await condition(s, "ThreeTwoOne", "Unknown")).status).toBe("Unknown");
  await s.expectNothingLeft();

  await s.change("backuptarget", "offsite", { spec: { s3: { endpoint } } });
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const [, second] = await s.points();
  expect(second?.spec.chain).toBe(first?.spec.chain);
  expect(second?.status?.copies?.map(({ target, state, type }) => [target, state, type])).toEqual([
    ["onprem", "Good", "Incremental"],
    ["offsite", "Good", "Full"],
  ]);
  for (const copy of second?.status?.copies ?? []) {
    await checkRepository(copy.target as TargetName, copy.repository ?? "");
  }
  await condition(s, "ThreeTwoOne", "True");
});
