import { expect, it } from "vitest";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import { cloneSpec } from "./clone.ts";

const source = {
  spec: { resources: { requests: { storage: "1Gi" } }, accessModes: ["ReadWriteMany"], volumeMode: "Filesystem" },
  status: { capacity: { storage: "2Gi" } },
} as unknown as PersistentVolumeClaim;

it.each([
  ["the volume, which had grown", undefined, "2Gi"],
  ["the snapshot, which needs more than the volume says", "2049Mi", "2049Mi"],
  ["the volume where the snapshot needs less", "100Mi", "2Gi"],
])("is as large as %s", (_, restoreSize, storage) => {
  const spec = cloneSpec({ source, storageClass: "csi", snapshot: { name: "snap", restoreSize } });
  expect(spec.resources?.requests).toEqual({ storage });
  expect(spec.storageClassName).toBe("csi");
  expect(spec.dataSource?.name).toBe("snap");
});
