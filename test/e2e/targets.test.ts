import { expect } from "vitest";
import type { BackupPolicy, RestorePoint } from "../../src/api/objects.ts";
import { quietApplication } from "./support/application.ts";
import { storeOf, type TargetName } from "./support/cluster.ts";
import { openGate } from "./support/gate.ts";
import { policy } from "./support/manifests.ts";
import { readMetrics } from "./support/metrics.ts";
import { checkRepository } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { listKeys } from "./support/store.ts";
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

scenario("one that fills up or stalls in the middle of a run keeps nobody, and catches up", "mid-run", async (s) => {
  const gate = await openGate("offsite");
  try {
    await s.runApplication(`head -c 30000000 /dev/urandom > /data/first\n${quietApplication}`);
    await s.change("backuptarget", "offsite", { spec: { s3: { endpoint: gate.endpoint } } });
    await s.apply(policy("shop"));
    expect(await s.run("shop-full")).toMatchObject({ succeeded: true });

    await s.inApplication("head -c 40000000 /dev/urandom > /data/second; sync");
    gate.fillAfter(1);
    const filled = await s.run("shop-incremental");
    expect(filled).toMatchObject({ succeeded: false, report: { outcome: "Degraded", reason: "StoreFull" } });
    expect(filled.report.message).toMatch(/offsite: .*store is full/);
    expect(gate.uploads()).toBe(1);
    const [first, second] = await s.points();
    expect(statesOf(second)).toEqual({ onprem: "Good", offsite: "Failed" });
    expect((await condition(s, "LastRunSucceeded", "False")).message).toContain("offsite");
    await until("the metrics to tell the targets apart", async () => {
      const metrics = await readMetrics(s.namespace);
      return metrics("holdfast_restore_points", "onprem") === 2 && metrics("holdfast_restore_points", "offsite") === 1;
    });

    await s.inApplication("head -c 1000000 /dev/urandom > /data/third; sync");
    gate.hold();
    const job = await s.startRun("shop-incremental");
    const folder = `${s.namespace}/${s.namespace}/data/${first?.spec.chain}/snapshots/`;
    await until("the other target to be through while this one stalls", async () => {
      return gate.waiting() > 0 && (await listKeys("onprem", folder)).length === 3;
    });
    expect((await listKeys("offsite", folder)).length).toBe(1);
    gate.open();
    expect(await s.endOfRun(job)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
    const third = (await s.points())[2];
    expect(statesOf(third)).toEqual({ onprem: "Good", offsite: "Good" });
    const added = Object.fromEntries((third?.status?.copies ?? []).map((copy) => [copy.target, copy.bytesAdded ?? 0]));
    expect(added.onprem).toBeLessThan(2_000_000);
    expect(added.offsite).toBeGreaterThan(41_000_000);
    // What it lacks, twice at most: once in the read that went on without it. Never what it has.
    expect(third?.status?.bytesRead).toBeGreaterThanOrEqual(41_000_000);
    expect(third?.status?.bytesRead).toBeLessThan(2 * 41_000_000 + 1_000_000);
    for (const { target, repository = "" } of third?.status?.copies ?? []) {
      await checkRepository(target as TargetName, repository, { unused: false });
    }
    await s.expectNothingLeft();
  } finally {
    await gate.close();
  }
});
