import { expect } from "vitest";
import { quietApplication } from "./support/application.ts";
import type { TargetName } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { readMetrics } from "./support/metrics.ts";
import { checkRepository, listSnapshots } from "./support/referee.ts";
import { scenario } from "./support/scenario.ts";
import { listKeys } from "./support/store.ts";
import { until } from "./support/until.ts";

const targets: readonly TargetName[] = ["onprem", "offsite"];

scenario("keeps exactly what the rules keep, and leaves nothing else in the buckets", "retention", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop", undefined, { retention: { keepLast: 2, maximumUnused: 0 } }));
  const times: (string | undefined)[] = [];
  for (const schedule of ["full", "incremental", "full", "incremental", "incremental"]) {
    await s.inApplication(`head -c 300000 /dev/urandom > /data/sub/random; echo ${times.length} > /data/count`);
    expect(await s.run(`shop-${schedule}`)).toMatchObject({ succeeded: true });
    times.push((await s.points()).at(-1)?.spec.time);
  }

  const points = await s.points();
  expect(points.map(({ spec }) => spec.time)).toEqual(times.slice(3));
  const freed = points.at(-1)?.status?.copies?.map((copy) => [copy.target, (copy.bytesFreed ?? 0) > 250_000]);
  expect(freed).toEqual(targets.map((target) => [target, true]));
  await until("the metric of what was freed", async () => {
    const metrics = await readMetrics(s.namespace);
    return targets.every((target) => (metrics("holdfast_retention_bytes_freed", target) ?? 0) > 250_000);
  });
  const chains = [...new Set(points.map(({ spec }) => spec.chain))];
  expect(chains.length).toBe(1);
  for (const target of targets) {
    const copies = points.flatMap(({ status }) => status?.copies?.filter((copy) => copy.target === target) ?? []);
    const [repository = ""] = copies.map((copy) => copy.repository);
    // The first chain is gone as a whole, and in the second one only what its two snapshots use is left.
    const keys = await listKeys(target, `${s.namespace}/`);
    expect(keys.filter((key) => !key.startsWith(`${s.namespace}/${s.namespace}/data/${chains[0]}/`))).toEqual([]);
    expect((await listSnapshots(target, repository)).map(({ id }) => id)).toEqual(
      copies.map(({ snapshot }) => snapshot),
    );
    await checkRepository(target, repository);
  }
  await s.expectNothingLeft();
});
