import { join } from "node:path";
import { moduleFolder } from "../binaries.ts";
import type { Kubectl } from "../kubectl.ts";
import { answers, listens } from "../probe.ts";
import { type Component, ensureComponent } from "../processes.ts";
import {
  csiDriver,
  kubeletFolder,
  nodeName,
  snapshotClass,
  storageClass,
  storageClassWait,
  volumesFolder,
} from "../settings.ts";
import { kubeconfigFile } from "./pki.ts";

const driverSocket = join(kubeletFolder, "plugins", csiDriver, "csi.sock");

/** The kinds of CSI snapshots, and the classes by which tests ask for volumes and snapshots. */
export async function ensureStorageObjects(kubectl: Kubectl): Promise<void> {
  const definitions = join(
    await moduleFolder("github.com/kubernetes-csi/external-snapshotter/client/v8"),
    "config/crd",
  );
  for (const kind of ["volumesnapshots", "volumesnapshotcontents", "volumesnapshotclasses"]) {
    await kubectl.apply(join(definitions, `snapshot.storage.k8s.io_${kind}.yaml`));
  }
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

/** The driver, the snapshot controller and the sidecar between the two. */
export async function ensureStorageComponents(binaries: string): Promise<void> {
  const kubeconfig = kubeconfigFile("storage");
  await ensureComponent(driver(binaries, kubeconfig));
  await Promise.all([
    ensureComponent(snapshotController(binaries, kubeconfig)),
    ensureComponent(snapshotter(binaries, kubeconfig)),
  ]);
}

function driver(binaries: string, kubeconfig: string): Component {
  return {
    name: "csi-driver",
    command: [
      join(binaries, "csi-driver"),
      `--kubeconfig=${kubeconfig}`,
      `--node=${nodeName}`,
      `--volumes=${volumesFolder}`,
      `--kubelet-root=${kubeletFolder}`,
    ],
    ready: () => listens(driverSocket),
  };
}

function snapshotController(binaries: string, kubeconfig: string): Component {
  return {
    name: "snapshot-controller",
    command: [
      join(binaries, "snapshot-controller"),
      `--kubeconfig=${kubeconfig}`,
      "--http-endpoint=127.0.0.1:23801",
      "--retry-interval-start=200ms",
      "--retry-interval-max=10s",
      "--kube-api-qps=50",
      "--kube-api-burst=100",
    ],
    ready: () => answers("http://127.0.0.1:23801/metrics"),
  };
}

function snapshotter(binaries: string, kubeconfig: string): Component {
  return {
    name: "csi-snapshotter",
    command: [
      join(binaries, "csi-snapshotter"),
      `--kubeconfig=${kubeconfig}`,
      `--csi-address=${driverSocket}`,
      "--http-endpoint=127.0.0.1:23802",
      "--retry-interval-start=200ms",
      "--retry-interval-max=10s",
      "--kube-api-qps=50",
      "--kube-api-burst=100",
    ],
    ready: () => answers("http://127.0.0.1:23802/metrics"),
  };
}
