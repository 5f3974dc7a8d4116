import { describe, expect, test } from "vitest";
import { backupPolicies } from "../../src/kube/holdfast.ts";
import { clusterClient, eventually } from "./client.ts";
import { kubectl, run } from "./cluster.ts";
import { useOperator } from "./controller.ts";
import { resourceQuotas } from "./quota.ts";
import { conditionOf, schedule, useWatchedNamespace } from "./watched-namespace.ts";

const { namespace, client, apply, policyOf, cronJob, whenReady, whenCondition } =
  useWatchedNamespace("api-controller-refused");

test("a quota on CronJobs keeps out those that it has no room for, by name, until it has", async () => {
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "schedules", namespace } };
  await client.create(resourceQuotas, { ...quota, spec: { hard: { "count/cronjobs.batch": "1" } } } as never);
  // Before the quota is counted everything is refused.
  await eventually("the quota is counted", () =>
    kubectl("-n", namespace, "get", "resourcequota", "schedules", "-o", "jsonpath={.status.hard}"),
  );
  const weekly = { ...schedule, name: "weekly", type: "Full", cron: "0 3 1 1 *" };
  await apply(policyOf("crowded", { schedules: [schedule, weekly] }));
  const ready = await whenCondition(backupPolicies, "crowded", "Ready", { status: "False", reason: "Forbidden" });
  expect(ready?.message).toMatch(/CronJob crowded-weekly: .*exceeded quota: schedules/);
  expect(ready?.message, "only what was refused").not.toContain("crowded-nightly");
  expect(await cronJob("crowded-nightly"), "one that is refused keeps no other away").toBeDefined();

  await client.delete(resourceQuotas, quota.metadata);
  await eventually("it is tried again", () => cronJob("crowded-weekly"), Boolean, 300);
  await whenReady("crowded");
});

describe("an operator that lacks a right", () => {
  const operator = useOperator("api-controller-no-right");
  const watched = operator.namespace("work");
  const asAdmin = clusterClient();

  test("leads without working, says what it waits for, and goes on when it gets it", async () => {
    const role = JSON.parse(kubectl("get", "clusterrole", operator.role, "-o", "json")) as Role;
    const rules = role.rules.map((rule) => ({
      ...rule,
      resources: rule.resources.filter((r) => r !== "restorepoints"),
    }));
    run("kubectl", ["replace", "-f", "-"], JSON.stringify({ ...role, rules }));
    const controller = await operator.start();
    await apply(policyOf("judged", {}, watched));
    await eventually("it leads", controller.metrics, (page) => /^holdfast_leader 1$/m.test(page));
    const waiting = "not ready: waiting for the first list of RestorePoint; the log says what hinders it\n";
    await eventually("it says what it waits for", controller.readiness, (said) => said === waiting);
    expect(await controller.metrics()).toMatch(/^holdfast_working 0$/m);
    const unjudged = await asAdmin.get(backupPolicies, { namespace: watched, name: "judged" });
    expect(unjudged.status, "nothing is said of what it does not know").toBeUndefined();

    const changed = JSON.parse(kubectl("get", "clusterrole", operator.role, "-o", "json")) as Role;
    run("kubectl", ["replace", "-f", "-"], JSON.stringify({ ...changed, rules: role.rules }));
    await eventually("it is ready", controller.ready, Boolean, 120);
    expect(await controller.metrics()).toMatch(/^holdfast_working 1$/m);
    const judged = await eventually(
      "the policy is judged",
      () => asAdmin.get(backupPolicies, { namespace: watched, name: "judged" }),
      ({ status }) => status !== undefined,
    );
    expect(conditionOf(judged, "Stalled"), "no BackupTarget there").toMatchObject({ reason: "TargetNotFound" });
  });
});

type Role = { readonly rules: readonly { readonly resources: readonly string[] }[] };
