import { expect } from "vitest";
import { leases } from "../../src/kube/resources.ts";
import type { Pod, Stored } from "../../src/kube/types.ts";
import { recordsOf } from "../../src/runner/mover-records.ts";
import { quietApplication } from "./support/application.ts";
import { client, type TargetName } from "./support/cluster.ts";
import { deletePod, killPod } from "./support/kill.ts";
import { policy } from "./support/manifests.ts";
import { checkRepository, listSnapshots } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { listKeys } from "./support/store.ts";
import { until } from "./support/until.ts";

const running = (s: Scenario, component: "runner" | "mover"): Promise<Stored<Pod>> =>
  until(`a running ${component}`, () => s.runningPod(component));

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

const onpremLocks = async (s: Scenario): Promise<readonly string[]> =>
  (await listKeys("onprem", `${s.namespace}/`)).filter((key) => key.includes("/locks/"));

scenario("a runner that is killed goes on with its mover, which a run beside it leaves alone", "runner", async (s) => {
  await s.runApplication(`head -c 60000000 /dev/urandom > /data/large\n${quietApplication}`);
  await s.apply(policy("shop", undefined, { retention: { keepLast: 1 } }));
  const first = await s.startRun("shop-full");
  const mover = await running(s, "mover");
  await killPod(await running(s, "runner"));
  // It finds the volume taken, and the mover alive, though no runner is there just now.
  const second = await s.startRun("shop-incremental");
  expect(await s.endOfRun(first)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  const end = await s.endOfRun(second);
  expect(end).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  expect(end.report.message).not.toContain("retention");
  const lease = await client.get(leases, { namespace: s.namespace, name: "holdfast-data" });
  const ofFirst = recordsOf(lease).filter(({ pod }) => pod.startsWith(mover.metadata.name.replace(/-[^-]+$/, "")));
  expect(ofFirst.map(({ uid }) => uid)).toEqual([mover.metadata.uid]);
  expect(await s.eventsOf("RepositoryNotice")).toEqual([]);
  await expectSound(s, 1);
});

scenario("a runner that is told to stop is started again, though its mover is still going", "stopped", async (s) => {
  await s.runApplication(`head -c 30000000 /dev/urandom > /data/large\n${quietApplication}`);
  await s.apply(policy("shop"));
  const job = await s.startRun("shop-full");
  await running(s, "mover");
  await deletePod(await running(s, "runner"));
  expect(await s.endOfRun(job)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  await expectSound(s, 1);
});

scenario("a mover that is killed is started again, and its locks keep nobody out", "mover", async (s) => {
  await s.runApplication(`head -c 60000000 /dev/urandom > /data/large\n${quietApplication}`);
  await s.apply(policy("shop", undefined, { retention: { keepLast: 1 } }));
  const job = await s.startRun("shop-full");
  const mover = await running(s, "mover");
  await until("its lock", async () => (await onpremLocks(s)).length > 0);
  await killPod(mover);
  expect(await s.endOfRun(job)).toMatchObject({ succeeded: true });
  // Retention needs the repository for itself, which a lock of the dead would keep it from.
  const end = await s.run("shop-incremental");
  expect(end).toMatchObject({ succeeded: true });
  expect(end.report.message).not.toContain("retention");
  const notices = await s.eventsOf("RepositoryNotice");
  expect(notices).toContainEqual(expect.stringMatching(`onprem: Removed .*${mover.metadata.uid}.*holder is gone`));
  expect(await onpremLocks(s)).toEqual([]);
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
