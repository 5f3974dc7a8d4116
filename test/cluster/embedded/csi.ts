import { join } from "node:path";
import { answers, listens } from "../probe.ts";
import { type Component, ensureComponent } from "../processes.ts";
import { csiDriver, kubeletFolder, nodeName, volumesFolder } from "../settings.ts";
import { kubeconfigFile } from "./pki.ts";

const driverSocket = join(kubeletFolder, "plugins", csiDriver, "csi.sock");

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
