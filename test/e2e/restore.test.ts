import { expect } from "vitest";
import { label } from "../../src/api/names.ts";
import type { Restore } from "../../src/api/objects.ts";
import { persistentVolumeClaims } from "../../src/kube/resources.ts";
import type { Pod } from "../../src/kube/types.ts";
import { busyApplication, quietApplication } from "./support/application.ts";
import { client, setting } from "./support/cluster.ts";
import { evictPod } from "./support/kill.ts";
import { policy, restore } from "./support/manifests.ts";
import { withRestored } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { damage } from "./support/store.ts";
import { treeHere } from "./support/tree.ts";
import { until } from "./support/until.ts";

const endOf = (s: Scenario, name: string): Promise<Restore> =>
  until(`the end of restore ${name}`, async () => {
    const now = await s.get<Restore>("restore", name);
    const stalled = now.status?.conditions?.find(({ type }) => type === "Stalled")?.status === "True";
    const ready = now.status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
    return (stalled || ready) && now;
  });

const reasonOf = ({ status }: Restore) => status?.conditions?.find(({ type }) => type === "Ready")?.reason;

scenario("brings back a restore point, and a volume as of a time", "restore", async (s) => {
  await s.runApplication(busyApplication);
  await s.apply(policy("shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const [first, second] = await s.points();

  await s.apply(
    restore("point", {
      restorePointRef: { name: second?.metadata.name },
      target: "offsite",
      to: { pvc: { name: "from-point", storageClassName: setting("STORAGE_CLASS_WAIT") } },
    }),
    restore("moment", {
      policyRef: { name: "shop" },
      pvc: "data",
      asOf: first?.spec.time,
      to: { pvc: { name: "as-of" } },
    }),
  );
  const paths = ["static/deep", "static/text"];
  await s.apply(
    restore("part", { restorePointRef: { name: first?.metadata.name }, paths, to: { pvc: { name: "part" } } }),
  );
  const [point, moment] = await Promise.all([endOf(s, "point"), endOf(s, "moment")]);
  expect(point.status).toMatchObject({
    phase: "Succeeded",
    restorePoint: second?.metadata.name,
    target: "offsite",
    files: second?.status?.files,
  });
  expect(point.status?.restoreSeconds).toBeGreaterThan(0);
  expect(moment.status).toMatchObject({ phase: "Succeeded", restorePoint: first?.metadata.name });

  expect((await endOf(s, "part")).status).toMatchObject({ phase: "Succeeded", files: 2 });
  expect((await s.treeOf("part")).match(/^\S+ f /gm)).toEqual(["static/text f "]);

  const restored = [
    { copy: second?.status?.copies?.[1], pvc: "from-point" },
    { copy: first?.status?.copies?.[0], pvc: "as-of" },
  ];
  for (const { copy, pvc } of restored) {
    if (!copy) throw new Error(`no copy to compare ${pvc} with`);
    expect(await s.treeOf(pvc)).toBe(await withRestored(copy, "data", treeHere));
    const { metadata } = await client.get(persistentVolumeClaims, { namespace: s.namespace, name: pvc });
    expect(metadata.ownerReferences).toBeUndefined();
  }
  await s.expectNothingLeft();
});

scenario("begins anew with a volume of its own where its mover is evicted", "evicted", async (s) => {
  const many = "mkdir /data/many; for n in $(seq 60000); do echo $n > /data/many/$n; done";
  await s.runApplication(`${many}\n${quietApplication}`);
  await s.apply(policy("shop", [{ name: "full", type: "Full" }]));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const [point] = await s.points();
  await s.apply(restore("back", { restorePointRef: { name: point?.metadata.name }, to: { pvc: { name: "back" } } }));
  const isOfRestore = (pod: Pod | undefined) => pod?.metadata.labels?.[label.restore] === "back";
  const mover = await until("its mover", async () => {
    const running = await s.runningPod("mover");
    // One that has only just started does not hear yet that it is to stop, and may end well all the same.
    const { progress } = (await s.get<Restore>("restore", "back")).status ?? {};
    return isOfRestore(running) && progress && running;
  });
  await evictPod(mover);
  expect((await endOf(s, "back")).status).toMatchObject({ phase: "Succeeded", files: point?.status?.files });
  expect(await s.everythingSaid(), "it was in the midst of it").toContain("the restore begins anew");
  expect(await s.treeOf("back")).toBe(await s.treeOf("data"));
  await s.expectNothingLeft();
});

scenario("leaves no volume that is only half restored, and never touches one that is there", "half", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const [point] = await s.points();
  const ref = { restorePointRef: { name: point?.metadata.name }, target: "onprem" };
  const before = await s.treeOf("data");

  await s.apply(
    restore("taken", { ...ref, to: { pvc: { name: "data" } } }),
    restore("nothing", { restorePointRef: { name: "no-such-point" }, to: { pvc: { name: "never-made" } } }),
  );
  expect(reasonOf(await endOf(s, "taken"))).toBe("NameTaken");
  expect(reasonOf(await endOf(s, "nothing"))).toBe("NoRestorePoint");
  expect(await s.treeOf("data")).toBe(before);

  await damage("onprem", `${s.namespace}/`, /\/data\/[0-9a-f]{2}\//);
  await s.apply(restore("broken", { ...ref, to: { pvc: { name: "half" } } }));
  const broken = await endOf(s, "broken");
  expect(broken.status?.phase).toBe("Failed");
  expect(reasonOf(broken)).toBe("RepositoryDamaged");
  const { items } = await client.list(persistentVolumeClaims, { namespace: s.namespace });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["data"]);
  await s.expectNothingLeft();
});
