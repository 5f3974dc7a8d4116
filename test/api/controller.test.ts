import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupPolicy } from "../../src/api/objects.ts";
import { backupPolicies, restorePoints, restoreTests } from "../../src/kube/holdfast.ts";
import {
  clusterRoleBindings,
  cronJobs,
  events,
  jobs,
  leases,
  persistentVolumeClaims,
  resourceQuotas,
  roleBindings,
  serviceAccounts,
} from "../../src/kube/resources.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import { clusterClient, eventually } from "./client.ts";
import { kubectl } from "./cluster.ts";
import { type Running, useOperator } from "./controller.ts";

const operator = useOperator("api-controller");
const namespace = operator.namespace("work");
const client = clusterClient();
let controller: Running;

beforeAll(async () => {
  controller = await operator.start();
  await apply(targetOf("onprem"));
});

const schedule = { name: "nightly", type: "Incremental", cron: "0 1 1 1 *", targets: ["onprem"] };

const targetOf = (name: string, where = namespace) => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupTarget",
  metadata: { name, namespace: where },
  spec: {
    s3: { endpoint: "http://127.0.0.1:1", bucket: "nowhere", credentialsSecretRef: { name: "none" } },
    encryption: { passwordSecretRef: { name: "none", key: "password" } },
  },
});

const policyOf = (name: string, spec: object = {}, where = namespace) => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupPolicy",
  metadata: { name, namespace: where },
  spec: { volumes: { names: [`${name}-data`] }, schedules: [schedule], objectives: { rpo: "26h" }, ...spec },
});

const claimOf = (name: string, where = namespace) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace: where },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } }, storageClassName: "none" },
});

async function apply(object: KubeObject & { readonly spec?: unknown }): Promise<void> {
  const { group = "", version = "" } = /^((?<group>.*)\/)?(?<version>.*)$/.exec(object.apiVersion)?.groups ?? {};
  const plural = object.kind === "BackupPolicy" ? "backuppolicies" : `${object.kind.toLowerCase()}s`;
  await client.apply({ group, version, plural, kind: object.kind, namespaced: true }, object, { fieldManager: "test" });
}

type Judged = {
  readonly status?: {
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason: string;
      message: string;
      observedGeneration?: number;
    }[];
  };
};

const conditionOf = (object: Judged | undefined, type: string) =>
  object?.status?.conditions?.find((condition) => condition.type === type);

/** Waits until a condition of the object's present generation is as it should be. */
async function whenCondition(
  resource: typeof backupPolicies | typeof restoreTests,
  name: string,
  type: string,
  expected: { readonly status?: string; readonly reason?: string },
  seconds = 60,
) {
  const object = await eventually(
    `${type} of ${name}`,
    () => client.find<KubeObject & Judged>(resource as never, { namespace, name }),
    (read) => {
      const condition = conditionOf(read, type);
      return (
        condition?.observedGeneration === read?.metadata.generation &&
        (expected.status === undefined || condition?.status === expected.status) &&
        (expected.reason === undefined || condition?.reason === expected.reason)
      );
    },
    seconds,
  );
  return conditionOf(object, type);
}

const whenReady = (name: string, reason?: string) =>
  whenCondition(backupPolicies, name, "Ready", { status: "True", reason });
const whenStalled = (name: string, reason: string) =>
  whenCondition(backupPolicies, name, "Stalled", { status: "True", reason });

const cronJob = (name: string) => client.find(cronJobs, { namespace, name });

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

function pointOf(name: string, policy: string, time: Date, more: object = {}) {
  return {
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "RestorePoint",
    metadata: { name, namespace, labels: { "holdfast.dev/policy": policy } },
    spec: {
      policy,
      schedule: "nightly",
      pvc: { name: `${policy}-data`, uid: "none" },
      chain: "20261123T010000Z",
      type: "Full",
      time: time.toISOString(),
      run: "a-run-that-is-no-more",
      source: { storageClassName: "none" },
      ...more,
    },
  };
}

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

describe("a restore test", () => {
  const testOf = (name: string, spec: object = {}) => ({
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "RestoreTest",
    metadata: { name, namespace },
    spec: { policyRef: { name: "first" }, cron: "0 5 1 1 *", ...spec },
  });

  test("gets its CronJob, and loses it", async () => {
    await apply(testOf("prove"));
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
    await apply(testOf(`wrong-${name}`, spec));
    await whenCondition(restoreTests, `wrong-${name}`, "Stalled", { status: "True", reason });
  });

  test("is stalled by a CronJob of somebody else", async () => {
    await apply(testOf("first-nightly"));
    await whenCondition(restoreTests, "first-nightly", "Stalled", { status: "True", reason: "NameTaken" });
  });
});

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
    const page = await eventually("the series is there", controller.metrics, (text) => text.includes(series));
    expect(page).toContain(`holdfast_rpo_seconds{${labels}} 93600`);
    expect(page).toMatch(
      new RegExp(`holdfast_backup_age_seconds\\{${labels},pvc="shown-data",target="onprem"\\} 1\\d\\d`),
    );
    const met = `holdfast_policy_condition{${labels},type="RPOMet",status="True"} 1`;
    await eventually("the verdict is there", controller.metrics, (text) => text.includes(met));
    await client.delete(restorePoints, { namespace, name: "shown-point" });
    await eventually("its series are gone", controller.metrics, (text) => !text.includes(`${labels},pvc=`));
    await client.delete(backupPolicies, { namespace, name: "shown" });
    await eventually("all are gone", controller.metrics, (text) => !text.includes(labels));
  });
});

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
    expect(await controller.metrics()).not.toContain(elsewhere);
  });

  test("take turns by the Lease: one works, the other stands by ready, and takes over", async () => {
    const standby = await operator.start();
    await eventually("the standby is ready", standby.ready);
    expect(await standby.metrics()).toMatch(/^holdfast_leader 0$/m);
    expect(await standby.metrics()).not.toMatch(/^holdfast_rpo_seconds\{/m);
    expect(await controller.metrics()).toMatch(/^holdfast_leader 1$/m);

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

    await controller.stop();
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
    controller = standby;
  });
});

test("rights go with the last policy of a namespace", async () => {
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
