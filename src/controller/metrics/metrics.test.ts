import { describe, expect, it } from "vitest";
import { hoursAgo, now, pointOf, policyOf, targetOf } from "../fixtures.ts";
import { catalogue } from "./catalogue.ts";
import { createMetrics } from "./registry.ts";
import type { Sample } from "./sample.ts";
import { collectSamples, type MetricObjects } from "./samples.ts";

const nightly = { name: "nightly", type: "Incremental", cron: "0 1 * * *" };
const status = {
  nextTime: "2026-11-24T01:00:00Z",
  volumes: 1,
  conditions: [{ type: "RPOMet", status: "False" as const, reason: "R", message: "", lastTransitionTime: hoursAgo(1) }],
};
const older = pointOf({
  hours: 25,
  status: {
    phase: "Succeeded",
    copies: [
      {
        target: "onprem",
        state: "Good",
        completionTime: hoursAgo(24),
        bytesAdded: 100,
        bytesStored: 60,
        verified: { result: "Passed", time: hoursAgo(20), restoreTest: "t", restoreSeconds: 12 },
      },
      { target: "offsite", state: "Good", completionTime: hoursAgo(24.5) },
    ],
  },
});
const newer = pointOf({
  hours: 1,
  status: {
    phase: "Degraded",
    durationSeconds: 30,
    bytesRead: 1000,
    files: 7,
    errors: 0,
    leftOut: { entries: 4, bytes: 2000 },
    copies: [
      {
        target: "onprem",
        state: "Good",
        completionTime: hoursAgo(0.5),
        bytesAdded: 10,
        bytesStored: 5,
        bytesFreed: 70,
      },
      { target: "offsite", state: "Failed" },
    ],
  },
});
const objects: MetricObjects = {
  policies: [policyOf({ schedules: [{ ...nightly, targets: ["onprem", "offsite"] }] }, status)],
  targets: [targetOf("offsite", { spec: { maxAge: "8d" } }), targetOf("onprem")],
  points: [older, newer],
  tests: [],
  claims: [],
};

const sampleOf = (samples: readonly Sample[], name: string, labels: object = {}) =>
  samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;

describe("collectSamples", () => {
  const samples = collectSamples(objects, now);
  const onprem = { namespace: "shop", policy: "shop", pvc: "data", target: "onprem" };

  const table: [string, object, number][] = [
    ["holdfast_backup_age_seconds", onprem, 3600],
    ["holdfast_backup_age_seconds", { target: "offsite" }, 25 * 3600],
    ["holdfast_backup_age_limit_seconds", onprem, 26 * 3600],
    ["holdfast_backup_age_limit_seconds", { target: "offsite" }, 8 * 24 * 3600],
    ["holdfast_last_success_timestamp_seconds", onprem, Date.parse(hoursAgo(0.5)) / 1000],
    ["holdfast_backup_bytes_added", onprem, 10],
    ["holdfast_backup_bytes_stored", onprem, 5],
    ["holdfast_retention_bytes_freed", onprem, 70],
    ["holdfast_restore_points", onprem, 2],
    ["holdfast_restore_points", { target: "offsite" }, 1],
    ["holdfast_last_verified_timestamp_seconds", onprem, Date.parse(hoursAgo(20)) / 1000],
    ["holdfast_restore_duration_seconds", onprem, 12],
    ["holdfast_backup_duration_seconds", { pvc: "data" }, 30],
    ["holdfast_backup_bytes_read", { pvc: "data" }, 1000],
    ["holdfast_backup_files", { pvc: "data" }, 7],
    ["holdfast_backup_errors", { pvc: "data" }, 0],
    ["holdfast_backup_left_out_entries", { pvc: "data" }, 4],
    ["holdfast_rpo_seconds", { policy: "shop" }, 26 * 3600],
    ["holdfast_rpo_met", { policy: "shop" }, 0],
    ["holdfast_policy_understood", { policy: "shop" }, 1],
    ["holdfast_next_run_timestamp_seconds", {}, Date.parse("2026-11-24T01:00:00Z") / 1000],
    ["holdfast_policy_condition", { type: "RPOMet", status: "False" }, 1],
    ["holdfast_policy_condition", { type: "RPOMet", status: "True" }, 0],
  ];
  it.each(table)("%s %o is %d", (name, labels, value) => expect(sampleOf(samples, name, labels)).toBe(value));

  it("says nothing of what was never verified", () => {
    expect(sampleOf(samples, "holdfast_last_verified_timestamp_seconds", { target: "offsite" })).toBeUndefined();
  });

  it("has no series without its object", () => {
    expect(collectSamples({ ...objects, policies: [], targets: [] }, now)).toEqual([]);
    const names = collectSamples({ ...objects, points: [] }, now).map(({ name }) => name);
    expect(names).not.toContain("holdfast_backup_age_seconds");
  });

  it("gives each sample the labels of its metric", () => {
    for (const { name, labels } of samples)
      expect(Object.keys(labels).toSorted()).toEqual([...catalogue[name].labels].toSorted());
  });
});

describe("objects that this version cannot read", () => {
  const onprem = { pvc: "data", target: "onprem" };
  const spoilt = <T extends object>(object: T, spec: unknown) => ({ ...object, spec }) as T;
  const [policy] = objects.policies as [MetricObjects["policies"][number]];

  const foreign = {
    "a point without a PVC": { points: [...objects.points, spoilt(older, { policy: "shop" })] },
    "a point without a spec": { points: [...objects.points, spoilt(older, undefined)] },
    "a point whose copies are none": {
      points: [...objects.points, { ...older, status: { copies: "none" } } as unknown as typeof older],
    },
    "a test without a policy": {
      tests: [{ metadata: older.metadata, spec: {} } as unknown as MetricObjects["tests"][number]],
    },
    "a target without a store": { targets: [...objects.targets, spoilt(targetOf("other"), { media: "tape" })] },
    "another policy": {
      policies: [...objects.policies, spoilt({ ...policy, metadata: { ...policy.metadata, name: "other" } }, {})],
    },
  };
  it.each(Object.entries(foreign))("cost no other its samples: %s", (_, some) => {
    const failures: unknown[] = [];
    const samples = collectSamples({ ...objects, ...some }, now, (_about, error) => failures.push(error));
    expect(samples).toEqual(expect.arrayContaining([...collectSamples(objects, now)]));
    expect(failures).toEqual([]);
  });

  it("tell of a policy what its status does, and the age of its copies", () => {
    const bad = { ...objects, policies: [spoilt(policy, { ...policy.spec, objectives: { rpo: "2w" } })] };
    const samples = collectSamples(bad, now);
    expect(sampleOf(samples, "holdfast_policy_understood")).toBe(0);
    expect(sampleOf(samples, "holdfast_policy_condition", { type: "RPOMet", status: "False" })).toBe(1);
    expect(sampleOf(samples, "holdfast_backup_age_seconds", onprem)).toBe(3600);
    expect(sampleOf(samples, "holdfast_rpo_seconds")).toBeUndefined();
    expect(sampleOf(samples, "holdfast_next_run_timestamp_seconds")).toBeUndefined();
    expect(sampleOf(samples, "holdfast_backup_age_limit_seconds", onprem)).toBeUndefined();
  });

  it("or judge, are told of as ones of which nobody knows", () => {
    const conditions = status.conditions.map((each) => ({ ...each, status: "Unknown" as const, reason: "NotJudged" }));
    const samples = collectSamples({ ...objects, policies: [{ ...policy, status: { conditions } }] }, now);
    expect(sampleOf(samples, "holdfast_policy_understood")).toBe(0);
    expect(sampleOf(samples, "holdfast_rpo_met")).toBe(0);
  });

  it("have no limit on a target of which nobody knows the store", () => {
    const [, target] = objects.targets as [unknown, MetricObjects["targets"][number]];
    const samples = collectSamples({ ...objects, targets: [spoilt(target, { maxAge: "2w" })] }, now);
    expect(sampleOf(samples, "holdfast_backup_age_seconds", onprem)).toBe(3600);
    expect(sampleOf(samples, "holdfast_backup_age_limit_seconds", onprem)).toBeUndefined();
  });

  it("lose only what cannot be told, and somebody hears of it", () => {
    const broken = { ...policy, status: { conditions: "none" } } as unknown as typeof policy;
    const about: string[] = [];
    const samples = collectSamples({ ...objects, policies: [broken] }, now, ({ metadata }) =>
      about.push(metadata.name),
    );
    expect(sampleOf(samples, "holdfast_backup_age_seconds", onprem)).toBe(3600);
    expect(about).toEqual(["shop"]);
  });

  it("have no value where there is no number", () => {
    const odd = pointOf({ hours: 0.5, status: { phase: "Succeeded", files: "many" as unknown as number } });
    const samples = collectSamples({ ...objects, points: [...objects.points, odd] }, now);
    expect(sampleOf(samples, "holdfast_backup_files")).toBeUndefined();
  });
});

describe("the metrics page", () => {
  it("is rebuilt at each scrape, so that series vanish with their objects", async () => {
    let present: readonly Sample[] = collectSamples(objects, now);
    const metrics = createMetrics({
      collect: () => present,
      self: () => ({ leading: true, working: false, caches: [{ kind: "StorageClass", silentSeconds: 90 }] }),
    });
    expect(await metrics.expose()).toContain(
      'holdfast_restore_points{namespace="shop",policy="shop",pvc="data",target="onprem"} 2',
    );
    present = [];
    const after = await metrics.expose();
    expect(after).not.toMatch(/^holdfast_restore_points\{/m);
    expect(after).toMatch(/^holdfast_leader 1$/m);
    expect(after).toMatch(/^holdfast_working 0$/m);
    expect(after).toMatch(/^holdfast_cache_age_seconds\{kind="StorageClass"\} 90$/m);
    expect(after).toMatch(/^process_cpu_seconds_total /m);
  });
});
