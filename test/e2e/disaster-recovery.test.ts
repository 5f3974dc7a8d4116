import { expect } from "vitest";
import type { Restore } from "../../src/api/objects.ts";
import { quietApplication } from "./support/application.ts";
import { kubectl, kubectlReading, setting, type TargetName } from "./support/cluster.ts";
import { policy, restore } from "./support/manifests.ts";
import { checkRepository, listSnapshots } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

type Listed = {
  readonly items: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly spec: object;
    readonly status: object;
  }[];
};

/** What docs/operations.md has a person keep outside of the cluster. */
async function restorePointsToKeep({ namespace }: Scenario): Promise<string> {
  const listed = JSON.parse(await kubectl("-n", namespace, "get", "restorepoints", "-o", "json")) as Listed;
  const items = listed.items.map(({ apiVersion, kind, metadata, spec, status }) => {
    const { name, namespace: where, labels, annotations } = metadata;
    return { apiVersion, kind, metadata: { name, namespace: where, labels, annotations }, spec, status };
  });
  return JSON.stringify({ ...listed, items });
}

scenario("brings a lost namespace back from restore points that were kept outside", "disaster", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  await s.inApplication("echo second > /data/b.txt; sync");
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const expected = await s.treeOf("data");
  const before = await s.points();
  const kept = await restorePointsToKeep(s);

  await s.startOver();
  expect(await s.points(), "they went with the namespace").toEqual([]);
  await kubectlReading(kept, "create", "-f", "-");
  await kubectlReading(kept, "replace", "--subresource=status", "-f", "-");
  expect((await s.points()).map(({ spec, status }) => ({ spec, status }))).toEqual(
    before.map(({ spec, status }) => ({ spec, status })),
  );

  const newest = before.at(-1)?.metadata.name;
  const to = { pvc: { name: "data", storageClassName: setting("STORAGE_CLASS") } };
  await s.apply(restore("data", { restorePointRef: { name: newest }, to }));
  const restored = await until("the end of the restore", async () => {
    const now = await s.get<Restore>("restore", "data");
    return ["Succeeded", "Failed"].includes(now.status?.phase ?? "") && now;
  });
  expect(restored.status).toMatchObject({ phase: "Succeeded", restorePoint: newest });
  expect(await s.treeOf("data")).toBe(expected);

  await s.apply(policy("shop"));
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const points = await s.points();
  expect(points).toHaveLength(3);
  const next = points.at(-1);
  expect(next?.spec, "the old chain goes on").toMatchObject({ type: "Incremental", chain: before[0]?.spec.chain });
  for (const { target, repository = "", bytesAdded } of next?.status?.copies ?? []) {
    await checkRepository(target as TargetName, repository);
    expect(await listSnapshots(target as TargetName, repository)).toHaveLength(3);
    expect(bytesAdded, "what was restored is there already").toBeLessThan(100_000);
  }
  expect(next?.status?.copies?.map(({ state }) => state)).toEqual(["Good", "Good"]);
  await s.expectNothingLeft();
});
