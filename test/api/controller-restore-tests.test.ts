import { beforeAll, describe, expect, test } from "vitest";
import { restoreTests } from "../../src/kube/holdfast.ts";
import { eventually } from "./client.ts";
import { useWatchedNamespace } from "./watched-namespace.ts";

const { namespace, client, apply, policyOf, restoreTestOf, cronJob, whenCondition, whenReady } =
  useWatchedNamespace("api-controller-tests");

beforeAll(async () => {
  // In a time zone that its tests do not take over.
  await apply(policyOf("first", { timeZone: "Europe/Berlin" }));
  await whenReady("first");
});

describe("a restore test", () => {
  test("gets its CronJob, and loses it", async () => {
    await apply(restoreTestOf("prove"));
    await whenCondition(restoreTests, "prove", "Ready", { status: "True" });
    const made = await cronJob("prove");
    expect(made?.spec?.jobTemplate.spec?.template.spec?.containers[0]?.args).toEqual([
      "runner",
      "restore-test",
      "--test",
      "prove",
    ]);
    expect((await client.get(restoreTests, { namespace, name: "prove" })).status?.nextTime?.slice(4)).toBe(
      "-01-01T05:00:00Z",
    );
    await client.delete(restoreTests, { namespace, name: "prove" });
    await eventually("the CronJob is gone", async () => (await cronJob("prove")) === undefined);
  });

  test.each<[string, object, string]>([
    ["policy", { policyRef: { name: "nobody" } }, "PolicyNotFound"],
    ["zone", { timeZone: "No/Where" }, "InvalidTimeZone"],
    ["target", { targets: ["tape"] }, "TargetNotFound"],
  ])("is stalled by a wrong %s", async (name, spec, reason) => {
    await apply(restoreTestOf(`wrong-${name}`, spec));
    await whenCondition(restoreTests, `wrong-${name}`, "Stalled", { status: "True", reason });
  });

  test("is stalled by a CronJob of somebody else", async () => {
    await apply(restoreTestOf("first-nightly"));
    await whenCondition(restoreTests, "first-nightly", "Stalled", { status: "True", reason: "NameTaken" });
  });
});
