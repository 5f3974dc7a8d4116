import { snapshotDefinitions } from "./binaries.ts";
import type { Kubectl } from "./kubectl.ts";
import { csiDriver, snapshotClass, storageClass, storageClassWait } from "./settings.ts";

/** The kinds of CSI snapshots, and the classes by which tests ask for volumes and snapshots. */
export async function ensureStorageObjects(kubectl: Kubectl, binaries: string): Promise<void> {
  await kubectl.apply(snapshotDefinitions(binaries));
  await kubectl.run([
    "wait",
    "--for=condition=Established",
    "--timeout=60s",
    "crd/volumesnapshotclasses.snapshot.storage.k8s.io",
  ]);
  await kubectl.apply(objects());
}

function objects(): object[] {
  const storage = (name: string, volumeBindingMode: string) => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name },
    provisioner: csiDriver,
    reclaimPolicy: "Delete",
    volumeBindingMode,
  });
  return [
    storage(storageClass, "Immediate"),
    storage(storageClassWait, "WaitForFirstConsumer"),
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "CSIDriver",
      metadata: { name: csiDriver },
      spec: {
        attachRequired: false,
        podInfoOnMount: false,
        fsGroupPolicy: "File",
        volumeLifecycleModes: ["Persistent"],
      },
    },
    {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshotClass",
      metadata: { name: snapshotClass },
      driver: csiDriver,
      deletionPolicy: "Delete",
    },
  ];
}
