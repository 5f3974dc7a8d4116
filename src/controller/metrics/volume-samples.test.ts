import { describe, expect, it } from "vitest";
import type { RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { Copy } from "../../api/restorepoint.ts";
import { claimOf, hoursAgo, meta, now, pointOf, policyOf, targetOf } from "../fixtures.ts";
import { collectSamples, type MetricObjects } from "./samples.ts";

const good = (hours: number, more: Partial<Copy> = {}): Copy => ({
  target: "onprem",
  state: "Good",
  completionTime: hoursAgo(hours),
  ...more,
});
const pointWith = (hours: number, copies: readonly Copy[], more: object = {}): RestorePoint =>
  pointOf({ hours, status: { phase: "Succeeded", copies: [...copies], ...more } });
/** As it was made of the PVC that had the name before. */
const ofPredecessor = (point: RestorePoint): RestorePoint => ({
  ...point,
  spec: { ...point.spec, pvc: { name: "data", uid: "uid-of-predecessor" } },
});
const testWith = (restorePoint: string, hours: number): RestoreTest => {
  const result = { id: "data/onprem", pvc: "data", target: "onprem", result: "Passed", reason: "Passed", message: "" };
  return {
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "RestoreTest",
    metadata: meta("weekly"),
    spec: { policyRef: { name: "shop" }, cron: "0 5 * * 0" },
    status: { results: [{ ...result, time: hoursAgo(hours), restorePoint, restoreSeconds: 5 }] },
  } as unknown as RestoreTest;
};

function numbersOf(some: Partial<MetricObjects>): Readonly<Record<string, number>> {
  const targets = [targetOf("onprem"), targetOf("offsite")];
  const all = { policies: [policyOf()], targets, points: [], tests: [], claims: [claimOf("data")], ...some };
  return Object.fromEntries(
    collectSamples(all, now)
      .filter(({ labels }) => labels.pvc === "data")
      .map(({ name, labels, value }) => [
        [name.replace("holdfast_", ""), labels.target].filter(Boolean).join(" "),
        value,
      ]),
  );
}

describe("the limit of a copy's age", () => {
  it("is there for targets of the policy only: what it no longer copies to grows older for good reason", () => {
    const points = [pointWith(30, [good(29), good(29, { target: "offsite" })])];
    const numbers = numbersOf({ points });
    expect(numbers).toMatchObject({ "backup_age_seconds onprem": 30 * 3600, "backup_age_seconds offsite": 30 * 3600 });
    expect(numbers["backup_age_limit_seconds onprem"]).toBe(26 * 3600);
    expect(numbers).not.toHaveProperty("backup_age_limit_seconds offsite");
  });
});

describe("a PVC that was made again under its name", () => {
  const before = ofPredecessor(
    pointWith(2, [good(1, { verified: { result: "Passed", time: hoursAgo(1), restoreTest: "weekly" } })], { files: 7 }),
  );

  it("has no numbers of the one before", () => {
    expect(numbersOf({ points: [before], tests: [testWith(before.metadata.name, 1)] })).toEqual({});
  });

  it("has its own", () => {
    const own = pointWith(30, [good(29)], { files: 3 });
    expect(numbersOf({ points: [before, own] })).toEqual({
      backup_files: 3,
      "restore_points onprem": 1,
      "backup_age_limit_seconds onprem": 26 * 3600,
      "backup_age_seconds onprem": 30 * 3600,
      "last_success_timestamp_seconds onprem": Date.parse(hoursAgo(29)) / 1000,
    });
  });

  it("is verified by tests of its own points only, since it was made", () => {
    const own = pointWith(30, [good(29)]);
    const verifiedBy = (test: RestoreTest) =>
      numbersOf({ points: [before, own], tests: [test] })["last_verified_timestamp_seconds onprem"];
    expect(verifiedBy(testWith(own.metadata.name, 3))).toBe(Date.parse(hoursAgo(3)) / 1000);
    expect(verifiedBy(testWith(before.metadata.name, 3))).toBeUndefined();
    expect(verifiedBy(testWith("gone", 3))).toBe(Date.parse(hoursAgo(3)) / 1000);
    expect(verifiedBy(testWith("gone", 300))).toBeUndefined();
  });

  it("leaves its numbers where it was only deleted", () => {
    const numbers = numbersOf({ points: [before], claims: [] });
    expect(numbers).toMatchObject({ "backup_age_seconds onprem": 2 * 3600, "restore_points onprem": 1 });
  });
});

describe("a target with chains and a mirror", () => {
  const verified = (hours: number, restoreSeconds: number) => ({
    verified: { result: "Passed" as const, time: hoursAgo(hours), restoreTest: "weekly", restoreSeconds },
  });
  const chained = pointWith(30, [good(29, verified(20, 4))]);
  const inPlace = pointWith(3, [good(2, verified(1, 9))]);
  const mirrored: RestorePoint = { ...inPlace, spec: { ...inPlace.spec, type: "Mirror", chain: "mirror" } };
  const schedules = [
    { name: "nightly", type: "Incremental", cron: "0 1 * * *", targets: ["onprem"] },
    { name: "copy", type: "Mirror", cron: "0 5 * * *", targets: ["onprem"], mirror: { unencrypted: true } },
  ];
  const proofOf = (points: readonly RestorePoint[], spec: object) => {
    const numbers = numbersOf({ points, policies: [policyOf(spec)] });
    return [numbers["last_verified_timestamp_seconds onprem"], numbers["restore_duration_seconds onprem"]];
  };

  it("is verified since the older of both proofs, and restored as fast as the slower", () => {
    expect(proofOf([chained, mirrored], { schedules })).toEqual([Date.parse(hoursAgo(20)) / 1000, 9]);
    expect(proofOf([mirrored], { schedules }), "a mirror proves no chain").toEqual([undefined, undefined]);
  });

  it("is judged by what the policy still makes there", () => {
    expect(proofOf([chained, mirrored], {})).toEqual([Date.parse(hoursAgo(20)) / 1000, 4]);
    const elsewhere = [{ ...schedules[0], targets: ["offsite"] }];
    expect(proofOf([chained, mirrored], { schedules: elsewhere })).toEqual([Date.parse(hoursAgo(1)) / 1000, 9]);
  });
});

describe("clocks that were ahead", () => {
  it("make no copy the newest: the earlier of two clocks counts, and what is from the future proves nothing", () => {
    const points = [
      pointWith(5, [good(4)], { files: 1 }),
      pointWith(-10, [good(2)], { files: 2, completionTime: hoursAgo(2) }),
      pointWith(-48, [good(-47, { verified: { result: "Passed", time: hoursAgo(-46), restoreTest: "weekly" } })], {
        files: 3,
        completionTime: hoursAgo(-47),
      }),
    ];
    const numbers = numbersOf({ points });
    expect(numbers).toMatchObject({
      "backup_age_seconds onprem": 2 * 3600,
      backup_files: 2,
      "restore_points onprem": 3,
    });
    expect(numbers).not.toHaveProperty("last_verified_timestamp_seconds onprem");
  });

  it("may be ahead by minutes", () => {
    expect(numbersOf({ points: [pointWith(-0.05, [good(-0.05)])] })["backup_age_seconds onprem"]).toBe(-180);
  });
});
