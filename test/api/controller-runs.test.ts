import { describe, expect, test } from "vitest";
import type { BackupPolicy } from "../../src/api/objects.ts";
import { backupPolicies } from "../../src/kube/holdfast.ts";
import { events, jobs } from "../../src/kube/resources.ts";
import { eventually } from "./client.ts";
import { kubectl } from "./cluster.ts";
import { resourceQuotas } from "./quota.ts";
import { schedule, useWatchedNamespace } from "./watched-namespace.ts";

const { namespace, client, apply, policyOf, cronJob, whenCondition, whenReady } =
  useWatchedNamespace("api-controller-runs");

describe("runs", () => {
  const start = (name: string, from: string) =>
    kubectl("-n", namespace, "create", "job", name, `--from=cronjob/${from}`);

  test("started by hand count, and one that vanishes in the middle has failed", async () => {
    await apply(policyOf("byhand"));
    await whenReady("byhand");
    start("byhand-now", "byhand-nightly");
    const running = await eventually(
      "the run is seen",
      async () => (await client.get(backupPolicies, { namespace, name: "byhand" })).status?.schedules?.[0]?.lastRun,
      (run) => run?.job === "byhand-now",
    );
    expect(running).toMatchObject({ outcome: "Running" });
    await client.delete(jobs, { namespace, name: "byhand-now" });
    const condition = await whenCondition(backupPolicies, "byhand", "LastRunSucceeded", {
      status: "False",
      reason: "RunLost",
    });
    expect(condition?.message).toMatch(/schedule nightly, run byhand-now/);
    const { metadata } = await client.get(backupPolicies, { namespace, name: "byhand" });
    const told = await client.list(events, {
      namespace,
      fieldSelector: `involvedObject.uid=${metadata.uid},reason=RunLost`,
    });
    expect(told.items).toMatchObject([{ type: "Warning", count: 1 }]);
  });

  test("that a quota keeps from starting say so", async () => {
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "no-pods", namespace },
      spec: { hard: { pods: "0" } },
    };
    await client.create(resourceQuotas, quota);
    await apply(policyOf("noroom"));
    await whenReady("noroom");
    await eventually(
      "the quota counts",
      async () => (await client.get(resourceQuotas, quota.metadata)).status?.hard?.pods,
    );
    start("noroom-now", "noroom-nightly");
    const condition = await whenCondition(
      backupPolicies,
      "noroom",
      "LastRunSucceeded",
      { status: "False", reason: "QuotaExceeded" },
      50,
    );
    expect(condition?.message).toMatch(/exceeded quota: no-pods/);
    await client.delete(resourceQuotas, quota.metadata);
  });

  test("that are under way when their schedule is removed may end", async () => {
    await apply(policyOf("renamed"));
    await whenReady("renamed");
    start("renamed-now", "renamed-nightly");
    await eventually("the run is seen", async () => {
      const policy: BackupPolicy = await client.get(backupPolicies, { namespace, name: "renamed" });
      return policy.status?.schedules?.[0]?.lastRun?.job === "renamed-now";
    });
    await apply(policyOf("renamed", { schedules: [{ ...schedule, name: "other" }] }));
    await eventually(
      "no more runs are started",
      () => cronJob("renamed-nightly"),
      (read) => read?.spec?.suspend === true,
    );
    expect(await client.find(jobs, { namespace, name: "renamed-now" })).toBeDefined();
    await client.delete(jobs, { namespace, name: "renamed-now" });
    await eventually("then it goes", async () => (await cronJob("renamed-nightly")) === undefined);
  });
});
