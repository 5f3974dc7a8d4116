import { expect, it } from "vitest";
import { claimSpecFor } from "./claim.ts";

const source = {
  size: "2Gi",
  spec: {
    accessModes: ["ReadWriteOnce"],
    volumeMode: "Filesystem",
    storageClassName: "fast",
    volumeName: "pvc-1",
    dataSource: { kind: "VolumeSnapshot", name: "old" },
    resources: { requests: { storage: "1Gi" } },
  },
};

it("is like the source, but not bound to its volume or made from what it was made from", () => {
  expect(claimSpecFor(source, {})).toEqual({
    accessModes: ["ReadWriteOnce"],
    volumeMode: "Filesystem",
    storageClassName: "fast",
    resources: { requests: { storage: "2Gi" } },
  });
});

it("takes what is asked for", () => {
  expect(claimSpecFor(source, { storageClassName: "slow", storage: "1500Mi" })).toMatchObject({
    storageClassName: "slow",
    resources: { requests: { storage: "1500Mi" } },
  });
});

it("can be written to, even where the source could not", () => {
  const readOnly = { ...source, spec: { ...source.spec, accessModes: ["ReadOnlyMany"] } };
  expect(claimSpecFor(readOnly, {}).accessModes).toEqual(["ReadWriteOnce"]);
});
