import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupPolicies, restorePoints } from "../../src/kube/holdfast.ts";
import { leases, persistentVolumeClaims } from "../../src/kube/resources.ts";
import { eventually } from "./client.ts";
import { kubectl } from "./cluster.ts";
import { useWatchedNamespace } from "./watched-namespace.ts";

const { operator, namespace, client, controller, apply, policyOf, claimOf, pointOf, whenReady } =
  useWatchedNamespace("api-controller-replicas");

describe("several controllers", () => {
  const elsewhere = `${operator.home}-other`;
  beforeAll(() => kubectl("create", "namespace", elsewhere));
  afterAll(() => {
    kubectl("delete", "namespace", "--wait=false", elsewhere);
  });

  test("leave namespaces alone which are not theirs", async () => {
    kubectl("label", "namespace", elsewhere, "holdfast.dev/ignore=true");
    await apply(policyOf("foreign", {}, elsewhere));
    await apply(policyOf("mine"));
    await whenReady("mine");
    expect((await client.get(backupPolicies, { namespace: elsewhere, name: "foreign" })).status).toBeUndefined();
    expect(await controller().metrics()).not.toContain(elsewhere);
  });

  test("take turns by the Lease: one works, the other stands by ready, and takes over", async () => {
    const standby = await operator.start();
    await eventually("the standby is ready", standby.ready);
    expect(await standby.metrics()).toMatch(/^holdfast_leader 0$/m);
    expect(await standby.metrics()).not.toMatch(/^holdfast_rpo_seconds\{/m);
    expect(await controller().metrics()).toMatch(/^holdfast_leader 1$/m);

    // What a run left behind that died with the first controller: a clone that its Job owned is Kubernetes' own business.
    await apply(pointOf("unfinished", "mine", new Date()));
    const status = { phase: "InProgress", copies: [{ target: "onprem", state: "InProgress" }] };
    await client.patch(
      restorePoints,
      { namespace, name: "unfinished" },
      { status },
      { fieldManager: "test", subresource: "status" },
    );
    const kept = claimOf("restored-data");
    const labels = { "app.kubernetes.io/managed-by": "holdfast", "holdfast.dev/run": "a-run-that-is-no-more" };
    await apply({ ...kept, metadata: { ...kept.metadata, labels } as never });

    await controller().stop();
    await apply(policyOf("after"));
    await whenReady("after");
    await eventually("the new leader's metrics", standby.metrics, (page) => /^holdfast_leader 1$/m.test(page));
    const lease = await client.get(leases, { namespace: operator.home, name: "holdfast-controller" });
    expect(lease.spec?.leaseTransitions).toBe(1);

    const lost = await eventually(
      "the unfinished point",
      () => client.get(restorePoints, { namespace, name: "unfinished" }),
      (point) => point.status?.phase === "Failed",
    );
    expect(lost.status?.copies).toMatchObject([{ state: "Failed", reason: "RunLost" }]);
    expect(await client.find(persistentVolumeClaims, kept.metadata)).toMatchObject({
      metadata: { name: "restored-data" },
    });
  });
});
