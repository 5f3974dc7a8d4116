import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { Restore } from "../../src/api/objects.ts";
import { leases, pods } from "../../src/kube/resources.ts";
import { recordOf } from "../../src/runner/mover-records.ts";
import { startHoldfast } from "../support/holdfast.ts";
import { quietApplication } from "./support/application.ts";
import { pausedPrune } from "./support/by-hand.ts";
import { client, setting, storeOf, type TargetName } from "./support/cluster.ts";
import { policy, restore } from "./support/manifests.ts";
import { checkRepository, repositoryPassword } from "./support/referee.ts";
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

/** To one target, of which retention would keep one point only. */
async function withOnePoint(s: Scenario): Promise<string> {
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

scenario("a mover's lock stands while its pod is there, and is removed, and said so, after that", "dead", async (s) => {
  const chain = await withOnePoint(s);
  // A pod that is there as long as we wish stands for the mover.
  const pod = await client.get(pods, { namespace: s.namespace, name: "application" });
  const lease = { namespace: s.namespace, name: "holdfast-data" };
  await client.patch(leases, lease, { metadata: { annotations: recordOf(pod, new Date()) } }, { fieldManager: "e2e" });
  await leaveLock(s, chain, pod.metadata.uid);
  const lock = await locksIn(s, chain);

  const beside = await s.run("shop-incremental");
  expect(beside).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  expect(beside.report.message).toContain("retention was put off");
  expect((await s.points()).map(({ status }) => status?.phase)).toEqual(["Succeeded", "Succeeded"]);
  expect(await locksIn(s, chain)).toEqual(lock);

  await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });
  const after = await s.run("shop-incremental");
  expect(after).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  expect(after.report.message).not.toContain("retention");
  expect((await s.points()).length).toBe(1);
  expect(await locksIn(s, chain)).toEqual([]);
  const notices = await s.eventsOf("RepositoryNotice");
  const removed = expect.stringMatching(`onprem: Removed the lock of .*${pod.metadata.uid}.*holder is gone`);
  expect(notices).toEqual([removed]);

  await leaveLock(s, chain, pod.metadata.uid);
  const restorePointRef = { name: (await s.points())[0]?.metadata.name };
  await s.apply(restore("back", { restorePointRef, target: "onprem", to: { pvc: { name: "back" } } }));
  await until("the end of the restore", async () => (await s.get<Restore>("restore", "back")).status?.completionTime);
  expect((await s.get<Restore>("restore", "back")).status?.phase).toBe("Succeeded");
  expect(await locksIn(s, chain)).toEqual([]);
  expect(await s.eventsOf("RepositoryNotice")).toEqual([removed, removed]);
  await s.expectNothingLeft();
});

scenario("a restic prune by hand is waited for, to a limit, and nobody takes its lock away", "by-hand", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop", undefined, { retention: { keepLast: 1 } }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const chain = (await s.points())[0]?.spec.chain ?? "";
  const repository = (await s.points())[0]?.status?.copies?.find(({ target }) => target === "onprem")?.repository ?? "";
  const prune = await pausedPrune("onprem", repository, async () => (await locksIn(s, chain)).length > 0);
  try {
    const lock = await locksIn(s, chain);
    const end = await s.run("shop-incremental");
    expect(end).toMatchObject({ succeeded: false, report: { outcome: "Degraded", reason: "RepositoryLocked" } });
    expect(end.report.message).toMatch(/onprem: .*exclusive lock of .*minutes old/);
    const [, second] = await s.points();
    expect(second?.status?.copies).toMatchObject([
      { target: "onprem", state: "Failed", reason: "RepositoryLocked" },
      { target: "offsite", state: "Good" },
    ]);
    expect(await locksIn(s, chain)).toEqual(lock);

    const job = await s.startRun("shop-incremental");
    await until("a mover that waits", async () => await s.runningPod("mover"));
    await prune.finish();
    expect(await s.endOfRun(job)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  } finally {
    prune.abandon();
  }
  expect(await locksIn(s, chain)).toEqual([]);
  for (const { target, repository: url = "" } of (await s.points()).at(-1)?.status?.copies ?? []) {
    await checkRepository(target as TargetName, url, { unused: false });
  }
  await s.expectNothingLeft();
});
