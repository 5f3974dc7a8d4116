import { describe, expect, it } from "vitest";
import { restorePointName, runLabels, runObjectName, volumeLeaseName } from "./names.ts";

const run = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d";
const long = "a".repeat(240);

describe("runObjectName", () => {
  it("is the same at every attempt and short enough for a pod's labels", () => {
    expect(runObjectName(run, "data")).toBe("holdfast-1a2b3c4d-data");
    expect(runObjectName(run, long, "offsite").length).toBeLessThanOrEqual(63);
    expect(runObjectName(run, `${long}a`)).not.toBe(runObjectName(run, `${long}b`));
  });
});

describe("restorePointName", () => {
  const time = new Date("2026-11-23T01:00:09.750Z");
  it("is the PVC and the second of the snapshot, in UTC", () => {
    expect(restorePointName({ pvc: "data", time })).toBe("data-20261123-010009");
    expect(restorePointName({ pvc: "data", time, run })).toBe("data-20261123-010009-1a2b3c4d");
  });
  it("fits into an object's name whatever the PVC is called", () => {
    expect(restorePointName({ pvc: long, time, run }).length).toBeLessThanOrEqual(253);
  });
});

it("cuts label values to 63 characters and leaves out what does not apply", () => {
  const labels = runLabels({ run, component: "mover", pvc: long });
  expect(Object.keys(labels)).toEqual([
    "app.kubernetes.io/managed-by",
    "holdfast.dev/component",
    "holdfast.dev/run",
    "holdfast.dev/pvc",
  ]);
  expect(labels["holdfast.dev/pvc"]?.length).toBeLessThanOrEqual(63);
});

it("names a volume's Lease after it", () => {
  expect(volumeLeaseName("data")).toBe("holdfast-data");
  expect(volumeLeaseName("b".repeat(253)).length).toBeLessThanOrEqual(253);
});
