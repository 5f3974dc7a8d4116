import { expect, it } from "vitest";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import { contextIn, ours } from "../testing.ts";
import { cloneSpec, makeClone } from "./clone.ts";

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

it("keeps the kind of the volume: a device stays one", () => {
  const modeOf = (volumeMode?: string) => {
    const of = { ...source, spec: { ...source.spec, volumeMode } } as PersistentVolumeClaim;
    return cloneSpec({ source: of, storageClass: "csi", snapshot: { name: "snap", restoreSize: "1Gi" } }).volumeMode;
  };
  expect([modeOf("Block"), modeOf("Filesystem"), modeOf()]).toEqual(["Block", "Filesystem", "Filesystem"]);
});

it("carries none of the source's labels and annotations: tools that track objects by them would remove it", async () => {
  const made: PersistentVolumeClaim[] = [];
  const create = async (_: unknown, object: PersistentVolumeClaim) => made.push(object) && object;
  const tracked = { "app.kubernetes.io/instance": "shop", "argocd.argoproj.io/instance": "shop" };
  await makeClone(contextIn({ find: async () => undefined, create }), {
    name: "holdfast-clone",
    labels: ours,
    source: { ...source, metadata: { name: "data", labels: tracked, annotations: tracked } },
    storageClass: "csi",
    snapshot: { name: "snap", restoreSize: "1Gi" } as never,
  });
  expect(made.map(({ metadata }) => [metadata.labels, metadata.annotations])).toEqual([[ours, undefined]]);
});
