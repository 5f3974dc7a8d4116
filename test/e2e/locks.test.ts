import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { leases } from "../../src/kube/resources.ts";
import { startHoldfast } from "../support/holdfast.ts";
import { quietApplication } from "./support/application.ts";
import { client, setting, storeOf } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { repositoryPassword } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { listKeys } from "./support/store.ts";
import { until } from "./support/until.ts";

const locksIn = async (s: Scenario, chain: string) =>
  await listKeys("onprem", `${s.namespace}/${s.namespace}/data/${chain}/locks/`);

/** Leaves a lock behind as a mover does that loses its power: a real one, killed while it writes. */
async function leaveLock(s: Scenario, chain: string, holder: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-e2e-lock-"));
  const { endpoint, bucket, accessKey, secretKey } = storeOf("onprem");
  try {
    await writeFile(join(folder, "large"), randomBytes(200_000_000));
    const repository = `s3://${bucket}/${s.namespace}/${s.namespace}/data/${chain}`;
    const mover = startHoldfast(["mover", "backup", "--source", folder, "--repository", repository], {
      password: repositoryPassword,
      environment: {
        AWS_ACCESS_KEY_ID: accessKey,
        AWS_SECRET_ACCESS_KEY: secretKey,
        AWS_REGION: setting("REGION"),
        AWS_ENDPOINT_URL_S3: endpoint,
        HOLDFAST_LOCK_HOLDER: holder,
      },
    });
    await until("the lock", async () => (await locksIn(s, chain)).length > 0);
    mover.process.kill("SIGKILL");
    await mover.ended;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withTwoPoints(s: Scenario): Promise<string> {
  await s.runApplication(quietApplication);
  const schedules = [
    { name: "full", type: "Full" },
    { name: "incremental", type: "Incremental" },
  ] as const;
  const onprem = schedules.map((schedule) => ({ ...schedule, targets: ["onprem"] }));
  await s.apply(policy("shop", onprem, { retention: { keepLast: 1 } }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  return (await s.points())[0]?.spec.chain ?? "";
}

scenario("the lock of a mover that is proven dead is removed", "dead-lock", async (s) => {
  const chain = await withTwoPoints(s);
  const lease = await client.get(leases, { namespace: s.namespace, name: "holdfast-data" });
  const [mover] = Object.keys(lease.metadata.annotations ?? {}).filter((key) => key.startsWith("mover."));
  await leaveLock(s, chain, mover?.split("/")[1] ?? "");

  const end = await s.run("shop-incremental");
  expect(end).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  expect(end.report.message).not.toContain("retention");
  expect((await s.points()).length).toBe(1);
  expect(await locksIn(s, chain)).toEqual([]);
  await s.expectNothingLeft();
});

scenario("anybody else's lock is respected: the backup is made, and retention is put off", "live-lock", async (s) => {
  const chain = await withTwoPoints(s);
  await leaveLock(s, chain, "somebody-with-restic");

  const end = await s.run("shop-incremental");
  expect(end).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  expect(end.report.message).toContain("retention was put off");
  expect((await s.points()).map(({ status }) => status?.phase)).toEqual(["Succeeded", "Succeeded"]);
  expect((await locksIn(s, chain)).length).toBe(1);
  await s.expectNothingLeft();
});
