import { expect } from "vitest";
import { label } from "../../src/api/names.ts";
import { pods } from "../../src/kube/resources.ts";
import type { Pod, Stored } from "../../src/kube/types.ts";
import { quietApplication } from "./support/application.ts";
import { client, type TargetName } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { checkRepository, listSnapshots } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

const runningPod = (s: Scenario, component: string): Promise<Stored<Pod>> =>
  until(`a running ${component}`, async () => {
    const labelSelector = `${label.component}=${component}`;
    const { items } = await client.list(pods, { namespace: s.namespace, labelSelector });
    return items.find(({ status, metadata }) => status?.phase === "Running" && !metadata.deletionTimestamp);
  });

const kill = (pod: Stored<Pod>): Promise<boolean> => client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });

async function expectSound(s: Scenario, points: number): Promise<void> {
  const all = await s.points();
  expect(all.map(({ status }) => status?.phase)).toEqual(Array.from({ length: points }, () => "Succeeded"));
  for (const copy of all.at(-1)?.status?.copies ?? []) {
    const target = copy.target as TargetName;
    await checkRepository(target, copy.repository ?? "", { unused: false });
    expect((await listSnapshots(target, copy.repository ?? "")).length).toBe(points);
  }
  await s.expectNothingLeft();
}

scenario("a runner that is killed is started again and goes on with the same run", "runner", async (s) => {
  await s.runApplication(`head -c 30000000 /dev/urandom > /data/large\n${quietApplication}`);
  await s.apply(policy("shop"));
  const job = await s.startRun("shop-full");
  await runningPod(s, "mover");
  await kill(await runningPod(s, "runner"));
  expect(await s.endOfRun(job)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  await expectSound(s, 1);
});

scenario("a mover that is killed is started again, and its locks keep nobody out", "mover", async (s) => {
  await s.runApplication(`head -c 30000000 /dev/urandom > /data/large\n${quietApplication}`);
  await s.apply(policy("shop", undefined, { retention: { keepLast: 1 } }));
  const job = await s.startRun("shop-full");
  await kill(await runningPod(s, "mover"));
  expect(await s.endOfRun(job)).toMatchObject({ succeeded: true });
  // Retention needs the repository for itself, which a lock of the dead would keep it from.
  const end = await s.run("shop-incremental");
  expect(end).toMatchObject({ succeeded: true });
  expect(end.report.message).not.toContain("retention");
  await expectSound(s, 1);
});

scenario("a restore point that is deleted while it is made is there in the end", "deleted-point", async (s) => {
  await s.runApplication(`head -c 30000000 /dev/urandom > /data/large\n${quietApplication}`);
  await s.apply(policy("shop"));
  const job = await s.startRun("shop-full");
  const first = await until("the restore point", async () => (await s.points())[0]);
  await s.remove("restorepoint", first.metadata.name);
  expect(await s.endOfRun(job)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  const [again] = await s.points();
  expect(again?.metadata.uid).not.toBe(first.metadata.uid);
  expect(again?.spec).toEqual(first.spec);
  await expectSound(s, 1);
});
