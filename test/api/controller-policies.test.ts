import { describe, expect, test } from "vitest";
import { backupPolicies, restorePoints, restoreTests } from "../../src/kube/holdfast.ts";
import { clusterRoleBindings, cronJobs, events, roleBindings, serviceAccounts } from "../../src/kube/resources.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import { eventually } from "./client.ts";
import { kubectl } from "./cluster.ts";
import { conditionOf, schedule, useWatchedNamespace } from "./watched-namespace.ts";

const {
  namespace,
  client,
  apply,
  targetOf,
  policyOf,
  restoreTestOf,
  pointOf,
  cronJob,
  whenCondition,
  whenReady,
  whenStalled,
} = useWatchedNamespace("api-controller-policies");

describe("a policy", () => {
  test("gets a CronJob for each schedule, an account for its runners, and is Ready", async () => {
    const second = {
      ...schedule,
      name: "weekly",
      type: "Full",
      cron: "0 3 1 1 *",
      timeZone: "Asia/Tokyo",
      suspend: true,
    };
    await apply(policyOf("first", { timeZone: "Europe/Berlin", schedules: [schedule, second] }));
    await whenReady("first");
    const policy = await client.get(backupPolicies, { namespace, name: "first" });
    const made = await client.list(cronJobs, { namespace, labelSelector: "holdfast.dev/policy=first" });
    expect(
      made.items.map(({ metadata, spec }) => [metadata.name, spec?.schedule, spec?.timeZone, spec?.suspend]),
    ).toEqual([
      ["first-nightly", "0 1 1 1 *", "Europe/Berlin", false],
      ["first-weekly", "0 3 1 1 *", "Asia/Tokyo", true],
    ]);
    expect(made.items[0]?.metadata.ownerReferences).toMatchObject([{ kind: "BackupPolicy", uid: policy.metadata.uid }]);
    expect(policy.status?.schedules?.map(({ name, nextTime }) => [name, nextTime?.slice(5)])).toEqual([
      ["nightly", "01-01T00:00:00Z"],
      ["weekly", undefined],
    ]);
    expect(policy.status?.nextTime).toBe(policy.status?.schedules?.[0]?.nextTime);
    expect(policy.status?.observedGeneration).toBe(policy.metadata.generation);
    expect(conditionOf(policy, "LastRunSucceeded")).toMatchObject({ status: "Unknown", reason: "NoRunYet" });

    await client.get(serviceAccounts, { namespace, name: "holdfast-runner" });
    const binding = await client.get(roleBindings, { namespace, name: "holdfast-runner" });
    expect(binding.roleRef.name).toBe("holdfast-runner");
    const reading = await client.get(clusterRoleBindings, { name: "holdfast-runner-cluster-read" });
    expect(reading.subjects).toContainEqual({ kind: "ServiceAccount", name: "holdfast-runner", namespace });
  });

  test("is written to no more once it is as it should be", async () => {
    const before = await client.get(backupPolicies, { namespace, name: "first" });
    const madeBefore = await cronJob("first-nightly");
    kubectl("-n", namespace, "annotate", "backuppolicy", "first", "look=again");
    await new Promise((done) => setTimeout(done, 3000));
    const after = await client.get(backupPolicies, { namespace, name: "first" });
    expect(after.status).toEqual(before.status);
    expect((await cronJob("first-nightly"))?.metadata.resourceVersion).toBe(madeBefore?.metadata.resourceVersion);
  });

  test("is followed when it is edited, suspended, and its schedule renamed", async () => {
    await apply(policyOf("edited"));
    await whenReady("edited");
    await apply(policyOf("edited", { schedules: [{ ...schedule, cron: "30 2 1 1 *" }] }));
    await eventually(
      "the edit",
      () => cronJob("edited-nightly"),
      (read) => read?.spec?.schedule === "30 2 1 1 *",
    );
    await apply(policyOf("edited", { suspend: true }));
    await eventually(
      "the suspension",
      () => cronJob("edited-nightly"),
      (read) => read?.spec?.suspend === true,
    );
    await whenReady("edited", "Suspended");
    await apply(policyOf("edited", { schedules: [{ ...schedule, name: "daily" }] }));
    await eventually(
      "the new name",
      () => cronJob("edited-daily"),
      (read) => read?.spec?.suspend === false,
    );
    await eventually("the old name is gone", async () => (await cronJob("edited-nightly")) === undefined);
    await eventually(
      "the status",
      async () => (await client.get(backupPolicies, { namespace, name: "edited" })).status?.schedules,
      (schedules) => schedules?.length === 1 && schedules[0]?.name === "daily",
    );
  });

  test("gets back what was changed or removed by hand", async () => {
    await apply(policyOf("tended"));
    await whenReady("tended");
    const right = await cronJob("tended-nightly");
    const isRight = async () => JSON.stringify((await cronJob("tended-nightly"))?.spec) === JSON.stringify(right?.spec);
    const edits: [string, object][] = [
      ["the schedule", { spec: { schedule: "* * * * *" } }],
      ["suspend", { spec: { suspend: true } }],
      ["something that we do not set", { spec: { jobTemplate: { spec: { parallelism: 2 } } } }],
      [
        "the image",
        {
          spec: {
            jobTemplate: { spec: { template: { spec: { containers: [{ name: "runner", image: "evil:1" }] } } } },
          },
        },
      ],
    ];
    for (const [what, patch] of edits) {
      await client.patch(cronJobs, { namespace, name: "tended-nightly" }, patch, { fieldManager: "somebody" });
      await eventually(`${what} is put back`, isRight);
    }
    await client.delete(cronJobs, { namespace, name: "tended-nightly" });
    await eventually("the CronJob is made again", isRight);
    await client.delete(serviceAccounts, { namespace, name: "holdfast-runner" });
    await eventually("the account is made again", () =>
      client.find(serviceAccounts, { namespace, name: "holdfast-runner" }),
    );
    await client.delete(roleBindings, { namespace, name: "holdfast-runner" });
    await eventually("the binding is made again", () =>
      client.find(roleBindings, { namespace, name: "holdfast-runner" }),
    );
  });

  test("takes its CronJobs with it, and leaves its restore points", async () => {
    await apply(policyOf("leaving"));
    await whenReady("leaving");
    await apply(pointOf("leaving-point", "leaving", new Date()));
    await client.delete(backupPolicies, { namespace, name: "leaving" });
    await eventually("the CronJob is gone", async () => (await cronJob("leaving-nightly")) === undefined);
    expect(await client.find(restorePoints, { namespace, name: "leaving-point" })).toBeDefined();
  });
});

describe("what a person has to mend ends in a condition with its own reason, and goes when it is mended:", () => {
  const good = (name: string) => apply(policyOf(name));
  const table: [string, string, object, string, RegExp][] = [
    ["a time zone that does not exist", "zone", { timeZone: "Mars/Olympus" }, "InvalidTimeZone", /IANA/],
    [
      "a target that does not exist",
      "target",
      { schedules: [{ ...schedule, targets: ["tape"] }] },
      "TargetNotFound",
      /no BackupTarget tape/,
    ],
    [
      "a snapshot class that does not exist",
      "class",
      { snapshot: { volumeSnapshotClassName: "none" } },
      "SnapshotClassNotFound",
      /no VolumeSnapshotClass none/,
    ],
  ];
  test.each(table)("%s", async (_, name, spec, reason, message) => {
    await apply(policyOf(name, spec));
    expect((await whenStalled(name, reason))?.message).toMatch(message);
    const policy = await client.get(backupPolicies, { namespace, name });
    expect(conditionOf(policy, "Ready")).toMatchObject({ status: "False", reason });
    const told = await client.list(events, { namespace, fieldSelector: `involvedObject.uid=${policy.metadata.uid}` });
    expect(told.items.map((event) => [event.type, event.reason])).toContainEqual(["Warning", reason]);
    // Merge patches of the same owner: what was wrong is not given any more.
    await client.delete(backupPolicies, { namespace, name });
    await good(name);
    await whenReady(name);
  });

  test("a CronJob of that name which is somebody else's, and is never touched", async () => {
    const template = {
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i:1" }] } } },
    };
    const foreign = await client.create(cronJobs, {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "taken-nightly", namespace },
      spec: { schedule: "0 0 1 1 *", suspend: true, jobTemplate: template },
    });
    await apply(policyOf("taken"));
    expect((await whenStalled("taken", "NameTaken"))?.message).toMatch(/taken-nightly exists already/);
    expect(await cronJob("taken-nightly")).toEqual(foreign);
    await client.delete(cronJobs, foreign.metadata);
    await whenReady("taken");
    await client.delete(backupPolicies, { namespace, name: "taken" });
  });

  test("two policies whose CronJobs would have the same name: the first one keeps it", async () => {
    await apply(policyOf("a-b", { schedules: [{ ...schedule, name: "c" }] }));
    await whenReady("a-b");
    await apply(policyOf("a", { schedules: [{ ...schedule, name: "b-c" }] }));
    await whenStalled("a", "NameTaken");
    await client.delete(backupPolicies, { namespace, name: "a-b" });
    await whenReady("a");
  });

  test("a target that comes later", async () => {
    await apply(policyOf("early", { schedules: [{ ...schedule, targets: ["later"] }] }));
    await whenStalled("early", "TargetNotFound");
    await apply(targetOf("later"));
    await whenReady("early");
  });
});

test("rights go with the last policy of a namespace", async () => {
  // A RestoreTest needs the rights, too: they stay until it is gone as well.
  await apply(restoreTestOf("prove"));
  await whenCondition(restoreTests, "prove", "Ready", { status: "True" });
  for (const resource of [backupPolicies, restoreTests]) {
    const listed = await client.list<KubeObject>(resource as never, { namespace });
    for (const { metadata } of listed.items) await client.delete(resource as never, metadata);
  }
  await eventually(
    "the account is gone",
    async () => !(await client.find(serviceAccounts, { namespace, name: "holdfast-runner" })),
    Boolean,
    150,
  );
  const { subjects = [] } = await client.get(clusterRoleBindings, { name: "holdfast-runner-cluster-read" });
  expect(subjects.some((subject) => subject.namespace === namespace)).toBe(false);
});
