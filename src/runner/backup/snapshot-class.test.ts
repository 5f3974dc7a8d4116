import { describe, expect, it } from "vitest";
import type { PersistentVolume, VolumeSnapshotClass } from "../../kube/types.ts";
import { chooseSnapshotClass, driverOf } from "./snapshot-class.ts";

const reasonOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { reason?: string }).reason;
  }
};

const snapshotClass = (name: string, change: Partial<VolumeSnapshotClass> & { isDefault?: boolean } = {}) =>
  ({
    driver: "csi.a",
    deletionPolicy: "Delete",
    ...change,
    metadata: {
      name,
      annotations: change.isDefault ? { "snapshot.storage.kubernetes.io/is-default-class": "true" } : {},
    },
  }) as VolumeSnapshotClass;

describe("chooseSnapshotClass", () => {
  const choose = (wanted: string | undefined, ...classes: VolumeSnapshotClass[]) =>
    reasonOf(() => chooseSnapshotClass({ pvc: "data", driver: "csi.a", wanted, classes }));

  it("takes the class that the policy names", () => {
    expect(choose("fast", snapshotClass("slow", { isDefault: true }), snapshotClass("fast"))).toBe("fast");
  });
  it("takes the default class of the volume's driver, not another driver's", () => {
    const other = snapshotClass("other", { driver: "csi.b", isDefault: true });
    expect(choose(undefined, other, snapshotClass("plain"), snapshotClass("own", { isDefault: true }))).toBe("own");
  });
  it("takes the only class of the volume's driver", () => {
    expect(choose(undefined, snapshotClass("plain"), snapshotClass("other", { driver: "csi.b" }))).toBe("plain");
  });
  it.each([
    ["an unknown class", "nosuch", [snapshotClass("fast")], "SnapshotClassNotFound"],
    ["no default of several", undefined, [snapshotClass("fast"), snapshotClass("slow")], "SnapshotClassNotFound"],
    [
      "two defaults",
      undefined,
      [snapshotClass("a", { isDefault: true }), snapshotClass("b", { isDefault: true })],
      "SnapshotClassNotFound",
    ],
    ["a driver without classes", undefined, [snapshotClass("b", { driver: "csi.b" })], "SnapshotUnsupported"],
    ["a class of another driver", "b", [snapshotClass("b", { driver: "csi.b" })], "SnapshotUnsupported"],
    [
      "a class that keeps its snapshots",
      "keep",
      [snapshotClass("keep", { deletionPolicy: "Retain" })],
      "SnapshotUnsupported",
    ],
  ] as const)("refuses %s", (_, wanted, classes, reason) => {
    expect(choose(wanted, ...classes)).toBe(reason);
  });
});

it("refuses a volume without a CSI driver, by name", () => {
  const volume = { metadata: { name: "pv-1" }, spec: { hostPath: { path: "/x" } } } as PersistentVolume;
  expect(() => driverOf("data", volume)).toThrow(/PVC data \(pv-1\)/);
});
