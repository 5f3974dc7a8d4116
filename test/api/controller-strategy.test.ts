import { describe, expect, test } from "vitest";
import { backupPolicies, restorePoints } from "../../src/kube/holdfast.ts";
import { persistentVolumeClaims } from "../../src/kube/resources.ts";
import { eventually } from "./client.ts";
import { useWatchedNamespace } from "./watched-namespace.ts";

const { namespace, client, controller, apply, policyOf, claimOf, pointOf, whenCondition, whenReady } =
  useWatchedNamespace("api-controller-strategy");

describe("the strategy", () => {
  const rpo = (seconds: number) => ({ objectives: { rpo: `${seconds}s` } });

  async function pointInTime(policy: string, ageSeconds: number): Promise<void> {
    const claim = await client.get(persistentVolumeClaims, { namespace, name: `${policy}-data` });
    const time = new Date(Date.now() - ageSeconds * 1000);
    const point = pointOf(`${policy}-point`, policy, time, {
      pvc: { name: claim.metadata.name, uid: claim.metadata.uid },
    });
    await apply(point);
    const copies = [
      { target: "onprem", state: "Good", completionTime: time.toISOString(), bytesAdded: 10, bytesStored: 5 },
    ];
    const status = { phase: "Succeeded", copies, files: 3, durationSeconds: 2 };
    await client.patch(restorePoints, point.metadata, { status }, { fieldManager: "test", subresource: "status" });
  }

  test("is judged by what there is, and again by itself when time has passed", async () => {
    await apply(claimOf("aging-data"));
    await apply(policyOf("aging", rpo(3600)));
    await whenCondition(backupPolicies, "aging", "RPOMet", { status: "Unknown", reason: "WaitingForFirstCopy" });
    await pointInTime("aging", 3600 - 12);
    await whenCondition(backupPolicies, "aging", "RPOMet", { status: "True", reason: "CopiesFresh" }, 10);
    const stale = await whenCondition(
      backupPolicies,
      "aging",
      "RPOMet",
      { status: "False", reason: "CopiesStale" },
      20,
    );
    expect(stale?.message).toMatch(/aging-data on onprem/);
    const { status } = await client.get(backupPolicies, { namespace, name: "aging" });
    expect(status).toMatchObject({ volumes: 1, restorePoints: 1 });
  });

  test("is in the metrics as long as its objects are", async () => {
    await apply(claimOf("shown-data"));
    await apply(policyOf("shown"));
    await whenReady("shown");
    await pointInTime("shown", 100);
    const labels = `namespace="${namespace}",policy="shown"`;
    const series = `holdfast_restore_points{${labels},pvc="shown-data",target="onprem"} 1`;
    const page = await eventually("the series is there", controller().metrics, (text) => text.includes(series));
    expect(page).toContain(`holdfast_rpo_seconds{${labels}} 93600`);
    expect(page).toMatch(
      new RegExp(`holdfast_backup_age_seconds\\{${labels},pvc="shown-data",target="onprem"\\} 1\\d\\d`),
    );
    const met = `holdfast_policy_condition{${labels},type="RPOMet",status="True"} 1`;
    await eventually("the verdict is there", controller().metrics, (text) => text.includes(met));
    await client.delete(restorePoints, { namespace, name: "shown-point" });
    await eventually("its series are gone", controller().metrics, (text) => !text.includes(`${labels},pvc=`));
    await client.delete(backupPolicies, { namespace, name: "shown" });
    await eventually("all are gone", controller().metrics, (text) => !text.includes(labels));
  });
});
