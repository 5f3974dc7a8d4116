import { expect } from "vitest";
import { policy } from "./support/manifests.ts";
import { readMetrics } from "./support/metrics.ts";
import { withRestored } from "./support/referee.ts";
import { scenario } from "./support/scenario.ts";
import { treeHere } from "./support/tree.ts";
import { until } from "./support/until.ts";

const application = `
cd /data; mkdir -p cache kept marked
echo 'Signature: 8a477f597d28d172789f06886806bc55' > cache/CACHEDIR.TAG; echo 1 > cache/content
echo 1 > marked/content; touch marked/.nobackup
head -c 2000000 /dev/zero > large; echo 1 > kept/a; echo 1 > kept/a.tmp; touch ready
while true; do sleep 1000; done`;

scenario("what a policy leaves out is left out, counted and shown", "selection", async (s) => {
  await s.runApplication(application);
  const rules = {
    excludes: ["*.tmp"],
    excludeCaches: true,
    excludeIfPresent: [".nobackup"],
    excludeLargerThan: "1Mi",
  };
  await s.apply(policy("shop", undefined, rules));
  const end = await s.run("shop-full");
  expect(end).toMatchObject({ succeeded: true });
  expect(end.report.message).toContain("4 entries left out by the policy");

  const [point] = await s.points();
  expect(point?.status?.leftOut).toMatchObject({ entries: 4, bytes: 2_000_000 + 3 * 2 });
  await until("the metric of what was left out", async () => {
    return (await readMetrics(s.namespace))("holdfast_backup_left_out_entries") === 4;
  });
  const [copy] = point?.status?.copies ?? [];
  if (!copy) throw new Error("the restore point has no copy");
  const names = (await withRestored(copy, "data", treeHere)).match(/^\S+ f /gm)?.map((line) => line.split(" ")[0]);
  expect(names).toEqual(["cache/CACHEDIR.TAG", "kept/a", "marked/.nobackup", "ready"]);

  await s.change("backuppolicy", "shop", { spec: { excludes: ["*"] } });
  const nothing = await s.run("shop-incremental");
  expect(nothing).toMatchObject({ succeeded: false, report: { outcome: "Failed", reason: "EverythingExcluded" } });
});
