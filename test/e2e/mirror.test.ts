import { expect } from "vitest";
import { annotation } from "../../src/api/names.ts";
import type { Restore, RestorePoint, RestoreTest } from "../../src/api/objects.ts";
import type { TargetName } from "./support/cluster.ts";
import { policy, restore, restoreTest } from "./support/manifests.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { listKeys } from "./support/store.ts";
import { until } from "./support/until.ts";

const targets: readonly TargetName[] = ["onprem", "offsite"];

const application = `
cd /data; mkdir -p sub/folder
for n in 1 2 3 4 5 6 7 8 9; do echo "file $n" > sub/$n; done
head -c 9000000 /dev/urandom > large; ln -s large link; chown 1000:2000 sub/1; chmod 4750 sub/2; touch ready
while true; do sleep 1000; done`;

/** The files that anybody sees in a target's mirror, by their paths. */
async function filesOn({ namespace }: Scenario, target: TargetName): Promise<string[]> {
  const prefix = `${namespace}/${namespace}/data/mirror/files/`;
  return (await listKeys(target, prefix)).map((key) => key.slice(prefix.length)).sort();
}

const statesOf = (point: RestorePoint | undefined) =>
  point?.status?.copies?.map(({ target, type, state, reason }) => [target, type, reason ?? state]);

const tokensOf = (point: RestorePoint | undefined): string[] =>
  (point?.status?.copies ?? []).map(
    ({ message }) => message?.match(new RegExp(`${annotation.acknowledge}=(\\S+)`))?.[1] ?? "no token",
  );

scenario("mirrors a volume, stops at a mass change until it is acknowledged, and restores it", "mirror", async (s) => {
  await s.runApplication(application);
  const mirror = { unencrypted: true };
  const schedules = [
    { name: "mirror", type: "Mirror" as const, mirror },
    { name: "incremental", type: "Incremental" as const },
  ];
  await s.apply(policy("shop", schedules, { retention: { keepLast: 1 } }));
  expect(await s.run("shop-mirror")).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  const [first] = await s.points();
  expect(first?.spec).toMatchObject({ type: "Mirror", chain: "mirror" });
  expect(statesOf(first)).toEqual(targets.map((target) => [target, "Mirror", "Good"]));
  const all = ["large", "ready", ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `sub/${n}`)];
  for (const target of targets) expect(await filesOn(s, target)).toEqual(all);

  // A chain beside it is a chain of its own, and neither takes the other for its own.
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const [, chained] = await s.points();
  expect(chained?.spec).toMatchObject({ type: "Full", chain: expect.stringMatching(/Z$/) });
  expect(statesOf((await s.points())[0])).toEqual(targets.map((target) => [target, "Mirror", "Good"]));

  await s.inApplication("cd /data; rm large sub/1; echo changed > sub/2");
  const stopped = await s.run("shop-mirror");
  expect(stopped).toMatchObject({ succeeded: false, report: { outcome: "Failed" } });
  expect(stopped.report.message).toContain(annotation.acknowledge);
  const [kept, , refused] = await s.points();
  expect(statesOf(refused)).toEqual(targets.map((target) => [target, undefined, "MassChange"]));
  expect(statesOf(kept)).toEqual(targets.map((target) => [target, "Mirror", "Good"]));
  for (const target of targets) expect(await filesOn(s, target)).toEqual(all);

  const annotations = { [annotation.acknowledge]: tokensOf(refused).join(",") };
  await s.change("backuppolicy", "shop", { metadata: { annotations } });
  expect(await s.run("shop-mirror")).toMatchObject({ succeeded: true });
  const points = await s.points();
  const newest = points.at(-1);
  expect(statesOf(newest)).toEqual(targets.map((target) => [target, "Mirror", "Good"]));
  const left = all.filter((path) => path !== "large" && path !== "sub/1");
  for (const target of targets) expect(await filesOn(s, target)).toEqual(left);
  // The mirror of before is no more, and its restore point says nothing else; the chain is untouched.
  expect(points.map(({ metadata }) => metadata.name)).not.toContain(first?.metadata.name);
  expect(points.map(({ metadata }) => metadata.name)).toContain(chained?.metadata.name);

  const spec = {
    restorePointRef: { name: newest?.metadata.name },
    target: "offsite",
    to: { pvc: { name: "restored" } },
  };
  await s.apply(restore("back", spec), restoreTest("proof", "shop"));
  await until("the restore's end", async () => (await s.get<Restore>("restore", "back")).status?.phase === "Succeeded");
  expect(await s.treeOf("restored")).toBe(await s.treeOf("data"));
  expect(await s.run("proof")).toMatchObject({ succeeded: true });
  const results = (await s.get<RestoreTest>("restoretest", "proof")).status?.results ?? [];
  expect(results.map(({ id, kind, restorePoint, result }) => [id, kind, restorePoint, result])).toEqual(
    targets.flatMap((target) => [
      [`data/${target}`, "chain", chained?.metadata.name, "Passed"],
      [`data/${target}/mirror`, "mirror", newest?.metadata.name, "Passed"],
    ]),
  );
  await s.expectNothingLeft();
});
