import { expect } from "vitest";
import { label } from "../../src/api/names.ts";
import type { BackupPolicy, RestorePoint } from "../../src/api/objects.ts";
import type { Copy } from "../../src/api/restorepoint.ts";
import { volumeSnapshots } from "../../src/kube/resources.ts";
import { busyApplication, quietApplication } from "./support/application.ts";
import { client, setting, type TargetName } from "./support/cluster.ts";
import { claim, policy } from "./support/manifests.ts";
import { readMetrics } from "./support/metrics.ts";
import { checkRepository, listSnapshots, withRestored } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { treeHere } from "./support/tree.ts";
import { until } from "./support/until.ts";

const copiesOf = (point: RestorePoint | undefined): readonly Copy[] => point?.status?.copies ?? [];
const conditionOf = (object: BackupPolicy, type: string) => object.status?.conditions?.find((one) => one.type === type);

/** A volume of our own from the very snapshot that a run takes: what it must have backed up. */
async function witness({ namespace, apply }: Scenario, name: string): Promise<void> {
  const snapshot = await until("the run's snapshot", async () => {
    const { items } = await client.list(volumeSnapshots, { namespace, labelSelector: label.run });
    return items.find(({ status }) => status?.readyToUse);
  });
  const dataSource = { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot.metadata.name };
  await apply(claim(name, setting("STORAGE_CLASS"), { dataSource }));
}

/** The controller's own numbers, once they are about this restore point. */
async function expectMetrics(namespace: string, point: RestorePoint | undefined): Promise<void> {
  await until("metrics of the newest backup", async () => {
    const sampleOf = await readMetrics(namespace);
    return (
      sampleOf("holdfast_backup_files") === point?.status?.files &&
      sampleOf("holdfast_restore_points", "onprem") === 2 &&
      sampleOf("holdfast_restore_points", "offsite") === 2 &&
      sampleOf("holdfast_rpo_met") === 1
    );
  });
}

scenario("backs up a volume as it was at the snapshot, though its application goes on writing", "live", async (s) => {
  await s.runApplication(busyApplication);
  await s.apply(policy("shop"));

  const full = await s.startRun("shop-full");
  await witness(s, "witness");
  expect(await s.endOfRun(full)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  const [point] = await s.points();
  expect(point).toMatchObject({ spec: { type: "Full", policy: "shop" }, status: { phase: "Succeeded", errors: 0 } });
  expect(copiesOf(point).map(({ target, state, type }) => [target, state, type])).toEqual([
    ["onprem", "Good", "Full"],
    ["offsite", "Good", "Full"],
  ]);

  const expected = await s.treeOf("witness");
  expect(expected).toContain("static/deep/er/na me");
  for (const copy of copiesOf(point)) {
    expect(await withRestored(copy, "data", treeHere)).toBe(expected);
  }
  const backedUp = expected.match(/orders\/\d+ f/g)?.length ?? 0;
  expect(Number(await s.inApplication("ls /data/orders | wc -l"))).toBeGreaterThan(backedUp);

  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const [, second] = await s.points();
  expect(second?.spec).toMatchObject({ type: "Incremental", chain: point?.spec.chain });
  for (const [index, copy] of copiesOf(second).entries()) {
    const target = copy.target as TargetName;
    expect(copy).toMatchObject({ state: "Good", type: "Incremental" });
    // The large file was there already.
    expect(copy.bytesStored).toBeLessThan((copiesOf(point)[index]?.bytesStored ?? 0) / 2);
    await checkRepository(target, copy.repository ?? "");
    const snapshots = await listSnapshots(target, copy.repository ?? "");
    expect(snapshots.map(({ id }) => id)).toEqual([copiesOf(point)[index]?.snapshot, copy.snapshot]);
    expect(snapshots[0]).toMatchObject({ hostname: s.namespace, paths: ["/data"] });
    expect(Date.parse(snapshots[0]?.time ?? "")).toBe(Date.parse(point?.spec.time ?? ""));
  }
  await s.expectNothingLeft();

  const judged = await until("the conditions to hold", async () => {
    const now = await s.get<BackupPolicy>("backuppolicy", "shop");
    return conditionOf(now, "ThreeTwoOne")?.status === "True" && now.status?.restorePoints === 2 && now;
  });
  expect(conditionOf(judged, "RPOMet")?.status).toBe("True");
  expect(conditionOf(judged, "LastRunSucceeded")?.status).toBe("True");
  expect(conditionOf(judged, "Verified")?.status).not.toBe("True");
  await expectMetrics(s.namespace, second);
});

scenario(
  "backs up what is selected, on a class that waits for the first consumer, and nothing else",
  "select",
  async (s) => {
    const wait = setting("STORAGE_CLASS_WAIT");
    await s.runApplication(quietApplication, wait);
    const immediate = setting("STORAGE_CLASS");
    const excluded = claim("left-out", immediate, {}, { app: "shop" });
    await s.apply(
      claim("more", immediate, {}, { app: "shop" }),
      { ...excluded, metadata: { ...excluded.metadata, annotations: { "holdfast.dev/exclude": "true" } } },
      claim("other", immediate),
      policy("shop", undefined, { volumes: { names: ["data"], selector: { matchLabels: { app: "shop" } } } }),
    );
    const { report } = await s.run("shop-incremental");
    // Nobody has written to `more`: an empty volume is told, and does not keep the other from being backed up.
    const points = await s.points();
    const data = points.find(({ spec }) => spec.pvc.name === "data");
    expect(points.map(({ spec }) => spec.pvc.name).toSorted()).toEqual(["data", "more"]);
    expect(data).toMatchObject({ spec: { type: "Full" }, status: { phase: "Succeeded" } });
    expect(report.message).not.toContain("left-out");
    for (const copy of copiesOf(data)) expect(await withRestored(copy, "data", treeHere)).toBe(await s.treeOf("data"));
    await s.expectNothingLeft();
  },
);

scenario("finds a restore point again whose object was deleted", "adopt", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const [first] = await s.points();
  await s.remove("restorepoint", first?.metadata.name ?? "");

  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const [adopted, second] = await s.points();
  expect(adopted).toMatchObject({
    metadata: { name: first?.metadata.name },
    spec: { policy: "shop", chain: first?.spec.chain, time: first?.spec.time, run: first?.spec.run },
    status: { phase: "Succeeded" },
  });
  expect(copiesOf(adopted).map(({ snapshot }) => snapshot)).toEqual(copiesOf(first).map(({ snapshot }) => snapshot));
  // Nobody knew of that chain when the second run chose its own.
  expect(second?.spec).toMatchObject({ type: "Full" });
  expect(second?.spec.chain).not.toBe(first?.spec.chain);
});
