import { describe, expect, test } from "vitest";
import { apply, kubectl, useNamespace } from "./cluster.ts";

const namespace = useNamespace("api-policies");

const schedule = { name: "nightly", type: "Incremental", cron: "0 1 * * 1-6", targets: ["onprem"] };

const policy = (spec: object, name = "shop") => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupPolicy",
  metadata: { name, namespace },
  spec: { volumes: { names: ["data"] }, schedules: [schedule], objectives: { rpo: "26h" }, ...spec },
});

test("a good policy is taken, and its defaults are filled in", () => {
  expect(apply(policy({}, "good"))).toMatchObject({ ok: true });
  const { spec } = JSON.parse(kubectl("-n", namespace, "get", "backuppolicy", "good", "-o", "json"));
  expect(spec).toMatchObject({
    timeZone: "Etc/UTC",
    suspend: false,
    excludeCaches: false,
    objectives: { rpo: "26h", verifiedWithin: "30d" },
    mover: { timeLimit: "24h" },
    schedules: [{ ...schedule, suspend: false }],
  });
});

test("everything that may be given is taken", () => {
  const full = policy(
    {
      volumes: { selector: { matchExpressions: [{ key: "app", operator: "In", values: ["shop"] }] }, names: ["data"] },
      snapshot: { volumeSnapshotClassName: "csi" },
      timeZone: "Europe/Berlin",
      schedules: [
        schedule,
        { ...schedule, name: "weekly", type: "Full", timeZone: "UTC", suspend: true },
        { ...schedule, name: "copy", type: "Mirror", mirror: { unencrypted: true, maximumChange: 80 }, suspend: true },
      ],
      retention: {
        keepLast: 7,
        keepHourly: 1,
        keepDaily: 14,
        keepWeekly: 8,
        keepMonthly: 12,
        keepYearly: 3,
        maximumUnused: 20,
      },
      objectives: { rpo: "26h", rto: "30m", verifiedWithin: "14d" },
      excludes: ["**/cache", "/tmp/"],
      excludeCaches: true,
      excludeIfPresent: [".nobackup", "tag:begins so"],
      excludeLargerThan: "10Gi",
      includes: ["/orders", "*.db"],
      suspend: true,
      mover: {
        resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: 2 } },
        nodeSelector: { disk: "ssd" },
        tolerations: [{ key: "backup", operator: "Exists", effect: "NoSchedule" }],
        imagePullSecrets: [{ name: "registry" }],
        timeLimit: "12h",
      },
    },
    "full",
  );
  expect(apply(full)).toMatchObject({ ok: true, stderr: "" });
  const { spec } = JSON.parse(kubectl("-n", namespace, "get", "backuppolicy", "full", "-o", "json"));
  expect(spec).toEqual({ ...full.spec, schedules: [{ ...schedule, suspend: false }, ...full.spec.schedules.slice(1)] });
});

describe("is refused, with a message that says what to do:", () => {
  test.each<[string, object, string]>([
    ["malformed cron", { schedules: [{ ...schedule, cron: "every night" }] }, "write the five fields"],
    ["a nickname for cron", { schedules: [{ ...schedule, cron: "@daily" }] }, "write the five fields"],
    ["a sixth field", { schedules: [{ ...schedule, cron: "0 0 1 * * *" }] }, "write the five fields"],
    ["Sunday as 7", { schedules: [{ ...schedule, cron: "0 1 * * 7" }] }, "0 to 6, Sunday is 0"],
    ["an hour that does not exist", { schedules: [{ ...schedule, cron: "0 24 * * *" }] }, "write the five fields"],
    [
      "a range that goes backwards",
      { schedules: [{ ...schedule, cron: "0 22-2 * * *" }] },
      "the second number of a range",
    ],
    ["a time zone with a space", { timeZone: "Europe Berlin" }, "such as Europe/Berlin"],
    ["an offset for a time zone", { schedules: [{ ...schedule, timeZone: "+01:00" }] }, "such as Europe/Berlin"],
    [
      "two schedules of one name",
      { schedules: [schedule, { ...schedule, type: "Full" }] },
      'Duplicate value: {"name":"nightly"}',
    ],
    ["a schedule's target twice", { schedules: [{ ...schedule, targets: ["a", "a"] }] }, 'Duplicate value: "a"'],
    ["a schedule without a target", { schedules: [{ ...schedule, targets: [] }] }, "should have at least 1 items"],
    ["no schedule", { schedules: [] }, "should have at least 1 items"],
    [
      "a type that does not exist",
      { schedules: [{ ...schedule, type: "Snapshot" }] },
      'supported values: "Full", "Incremental", "Differential", "Mirror"',
    ],
    [
      "a Mirror that says nothing of encryption",
      { schedules: [{ ...schedule, type: "Mirror" }] },
      "mirror: { unencrypted: true }",
    ],
    [
      "a Mirror that would be encrypted",
      { schedules: [{ ...schedule, type: "Mirror", mirror: { unencrypted: false } }] },
      'Unsupported value: false: supported values: "true"',
    ],
    [
      "a mirror's field in another type",
      { schedules: [{ ...schedule, mirror: { unencrypted: true } }] },
      "a schedule of type Mirror, and no other",
    ],
    ["a schedule's name with a capital", { schedules: [{ ...schedule, name: "Nightly" }] }, "use lower-case letters"],
    ["a schedule's name that is too long", { schedules: [{ ...schedule, name: "a".repeat(31) }] }, "30"],
    [
      "a target's name that no object can have",
      { schedules: [{ ...schedule, targets: ["On Prem"] }] },
      "write the name of an object",
    ],
    ["no RPO", { objectives: {} }, "spec.objectives.rpo: Required value"],
    ["an RPO in words", { objectives: { rpo: "26 hours" } }, "such as 90s, 30m, 26h or 30d"],
    ["an RPO of nothing", { objectives: { rpo: "0h" } }, "such as 90s, 30m, 26h or 30d"],
    ["an RPO of three hundred years", { objectives: { rpo: "110000d" } }, "such as 90s, 30m, 26h or 30d"],
    ["an RTO as a number", { objectives: { rpo: "1d", rto: 30 } }, "must be of type string"],
    ["an empty retention", { retention: {} }, "give at least one of keepLast"],
    ["a retention without a keep", { retention: { maximumUnused: 20 } }, "give at least one of keepLast"],
    ["more unused than all", { retention: { keepLast: 1, maximumUnused: 101 } }, "less than or equal to 100"],
    ["a retention of none", { retention: { keepLast: 0 } }, "should be greater than or equal to 1"],
    ["no volumes", { volumes: {} }, "say which PVCs to back up"],
    ["an empty list of names", { volumes: { names: [] } }, "should have at least 1 items"],
    ["a quantity that is none", { mover: { resources: { limits: { memory: "lots" } } } }, "should match"],
    ["an exclude of everything", { excludes: ["/"] }, "names nothing"],
    ["an empty include", { includes: [""] }, "names nothing"],
    ["a marker in another folder", { excludeIfPresent: ["a/b"] }, "without slashes"],
    ["a size that is none", { excludeLargerThan: "big" }, "should match"],
    ["a field that does not exist", { retain: { keepLast: 1 } }, 'unknown field "spec.retain"'],
  ])("%s", (_, change, message) => {
    const { ok, stderr } = apply(policy(change));
    expect(stderr).toContain(message);
    expect(ok).toBe(false);
  });
});

test("its status is written apart from its spec", () => {
  expect(apply(policy({}, "status"))).toMatchObject({ ok: true });
  kubectl("-n", namespace, "patch", "backuppolicy", "status", "--type=merge", "-p", '{"status":{"volumes":7}}');
  expect(kubectl("-n", namespace, "get", "backuppolicy", "status", "-o", "jsonpath={.status}")).toBe("");
  const change = JSON.stringify({ status: { volumes: 7 }, spec: { suspend: true } });
  kubectl("-n", namespace, "patch", "backuppolicy", "status", "--subresource=status", "--type=merge", "-p", change);
  const output = "jsonpath={.status.volumes} {.spec.suspend}";
  expect(kubectl("-n", namespace, "get", "backuppolicy", "status", "-o", output)).toBe("7 false");
});

test("kubectl get shows whether the strategy holds", () => {
  expect(apply(policy({}, "shown"))).toMatchObject({ ok: true });
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: "Tested",
    message: "",
    lastTransitionTime: "2026-11-23T01:00:00Z",
  });
  const status = {
    conditions: [condition("Ready", "True"), condition("ThreeTwoOne", "False"), condition("Verified", "Unknown")],
    nextTime: "2099-11-24T01:00:00Z",
    lastSuccessTime: new Date(Date.now() - 3 * 86400_000).toISOString().replace(/\.\d+/, ""),
  };
  const patch = JSON.stringify({ status });
  kubectl("-n", namespace, "patch", "backuppolicy", "shown", "--subresource=status", "--type=merge", "-p", patch);
  const [header, row] = kubectl("-n", namespace, "get", "bp", "shown").trim().split("\n");
  expect(header?.split(/\s{2,}/)).toEqual(["NAME", "READY", "LAST SUCCESS", "NEXT", "3-2-1", "VERIFIED", "AGE"]);
  expect(row?.split(/\s+/).slice(0, 6)).toEqual(["shown", "True", "3d", "2099-11-24T01:00:00Z", "False", "Unknown"]);
});
