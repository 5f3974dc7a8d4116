import { expect } from "vitest";
import { label } from "../../src/api/names.ts";
import type { BackupPolicy, RestoreTest } from "../../src/api/objects.ts";
import { persistentVolumeClaims } from "../../src/kube/resources.ts";
import { busyApplication, quietApplication } from "./support/application.ts";
import { client, setting } from "./support/cluster.ts";
import { killPod } from "./support/kill.ts";
import { policy, restoreTest } from "./support/manifests.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { damage } from "./support/store.ts";
import { until } from "./support/until.ts";

const check = (name: string, script: string) => ({ name, image: setting("IMAGE"), command: ["sh", "-ec", script] });

const verifiedIs = (s: Scenario, status: string) =>
  until(`Verified to be ${status}`, async () => {
    const now = await s.get<BackupPolicy>("backuppolicy", "shop");
    const condition = now.status?.conditions?.find(({ type }) => type === "Verified");
    return condition?.status === status && condition;
  });

const resultsOf = async (s: Scenario) => (await s.get<RestoreTest>("restoretest", "proof")).status?.results ?? [];

scenario("restores every copy, checks it and measures it; then the policy is verified", "proof", async (s) => {
  await s.runApplication(busyApplication);
  const checks = [
    check("files", "grep -q hello /data/static/text; test $(stat -c %U:%G /data/static/deep) = UNKNOWN:UNKNOWN"),
    check("no-token", "test ! -e /var/run/secrets/kubernetes.io"),
  ];
  await s.apply(policy("shop"), restoreTest("proof", "shop", { checks }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const [point] = await s.points();

  expect(await s.run("proof")).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  const results = await resultsOf(s);
  expect(results.map(({ id, result }) => [id, result])).toEqual([
    ["data/onprem", "Passed"],
    ["data/offsite", "Passed"],
  ]);
  for (const result of results) {
    expect(result).toMatchObject({ restorePoint: point?.metadata.name, files: point?.status?.files });
    expect(result.restoreSeconds).toBeGreaterThan(0);
    expect(result.ageSeconds).toBeGreaterThan(0);
  }
  const [verified] = await s.points();
  expect(verified?.status?.copies?.map((copy) => copy.verified)).toMatchObject([
    { result: "Passed", restoreTest: "proof" },
    { result: "Passed", restoreTest: "proof" },
  ]);
  await verifiedIs(s, "True");
  await s.expectNothingLeft();

  // It is what was backed up last that counts, but what was verified once stays known.
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const [still] = await s.points();
  expect(still?.status?.copies?.map((copy) => copy.verified?.result)).toEqual(["Passed", "Passed"]);

  // As if backups had stopped: what is restored is whole, and not what the policy promises.
  await s.change("backuppolicy", "shop", { spec: { objectives: { rpo: "1s" } } });
  const old = await s.run("proof");
  expect(old).toMatchObject({ succeeded: false, report: { outcome: "Failed", reason: "RestorePointTooOld" } });
  const restored = (await s.points()).at(-1);
  expect(restored?.status?.copies?.map((copy) => copy.verified?.result)).toEqual(["Passed", "Passed"]);
  expect((await resultsOf(s)).map(({ message }) => message)).toEqual([
    expect.stringContaining("older than the 1s that it may be"),
    expect.stringContaining("older than the 1s that it may be"),
  ]);
  expect((await s.get<BackupPolicy>("backuppolicy", "shop")).status?.conditions).toContainEqual(
    expect.objectContaining({ type: "RPOMet", status: "False" }),
  );
});

scenario("a test whose runner is killed begins anew, and passes", "killed", async (s) => {
  await s.runApplication(quietApplication);
  const checks = [check("slow", "sleep 20; test -e /data/a.txt")];
  await s.apply(policy("shop"), restoreTest("proof", "shop", { checks, targets: ["onprem"] }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const job = await s.startRun("proof");
  await until("a running check", () => s.runningPod("check"));
  await killPod(await until("its runner", () => s.runningPod("runner")));
  expect(await s.endOfRun(job)).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  expect((await resultsOf(s)).map(({ id, result }) => [id, result])).toEqual([["data/onprem", "Passed"]]);
  await s.expectNothingLeft();
});

scenario("a check that is stopped has not passed, whatever it ends with", "late", async (s) => {
  await s.runApplication(quietApplication);
  const late = { ...check("late", "trap 'exit 0' TERM; sleep 300 & wait"), timeout: "5s" };
  await s.apply(policy("shop"), restoreTest("proof", "shop", { checks: [late], targets: ["onprem"] }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const end = await s.run("proof");
  expect(end).toMatchObject({ succeeded: false, report: { outcome: "Failed", reason: "CheckFailed" } });
  expect(end.report.message).toContain("the check late did not end within 5s");
  expect((await verifiedIs(s, "False")).message).toContain("onprem");
  await s.expectNothingLeft();
});

scenario("fails when a repository is damaged, and says which copy", "damage", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"), restoreTest("proof", "shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  expect(await damage("offsite", `${s.namespace}/`, /\/data\/[0-9a-f]{2}\//)).toBeGreaterThan(0);

  const end = await s.run("proof");
  expect(end).toMatchObject({ succeeded: false, report: { outcome: "Failed" } });
  expect(end.report.message).toContain("data/offsite");
  const [onprem, offsite] = await resultsOf(s);
  expect(onprem).toMatchObject({ result: "Passed" });
  expect(offsite).toMatchObject({ result: "Failed", reason: "RepositoryDamaged" });
  expect((await verifiedIs(s, "False")).message).toContain("offsite");
  const [point] = await s.points();
  expect(point?.status?.copies?.map((copy) => copy.verified?.result)).toEqual(["Passed", "Failed"]);
  await s.expectNothingLeft();
});

scenario(
  "fails when the user's check does, and keeps the volume to look at where that is asked for",
  "check",
  async (s) => {
    await s.runApplication(quietApplication);
    const checks = [check("opens", "cat /data/a.txt; echo cannot open the database; exit 7")];
    const test = restoreTest("proof", "shop", { checks, targets: ["onprem"], keepOnFailure: true });
    await s.apply(policy("shop"), test);
    const kept = async () =>
      (await client.list(persistentVolumeClaims, { namespace: s.namespace, labelSelector: label.restoreTest })).items;

    const early = await s.run("proof");
    expect(early.report).toMatchObject({ outcome: "Failed", reason: "NoRestorePoint" });

    expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
    const end = await s.run("proof");
    expect(end).toMatchObject({ succeeded: false, report: { outcome: "Failed", reason: "CheckFailed" } });
    expect(end.report.message).toMatch(/opens exited with 7.*cannot open the database/s);
    expect((await verifiedIs(s, "False")).message).toContain("onprem");
    const [volume, ...others] = await kept();
    expect(others).toEqual([]);
    expect(await s.treeOf(volume?.metadata.name ?? "")).toContain("a.txt f");

    await s.change("restoretest", "proof", { spec: { checks: [check("opens", "true")] } });
    expect(await s.run("proof")).toMatchObject({ succeeded: true });
    expect(await kept()).toEqual([]);
    await s.expectNothingLeft();
  },
);
