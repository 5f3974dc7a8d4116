import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The project's root folder. */
export const checkout = resolve(import.meta.dirname, "../..");

/** Where things for the people and tests that use the cluster are written; ignored by git. */
export const outputFolder = join(checkout, ".cluster");
export const environmentFile = join(outputFolder, "env");

/** Programs, base images and layers that survive `cluster-down`, so that the next start is quick. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "holdfast");

/** For what is being made; a killed start leaves it behind and the next one clears it. */
export const scratchFolder = join(cacheFolder, "scratch");

/**
 * The state of the one cluster of this machine. It lies outside the checkout: deleting a clone must not walk into live
 * mounts, and every clone finds the same cluster.
 */
export const stateFolder = "/var/lib/holdfast-test-cluster";
/** What need not outlive a reboot. */
export const runFolder = "/run/holdfast-test-cluster";
export const logFolder = join(stateFolder, "logs");
export const pkiFolder = join(stateFolder, "pki");
export const volumesFolder = join(stateFolder, "volumes");
export const kubeletFolder = join(stateFolder, "kubelet");
export const containerdSocket = join(stateFolder, "containerd/containerd.sock");
export const adminKubeconfig = join(stateFolder, "admin.kubeconfig");

/** The variable by which processes of the cluster are known, whoever started them and whatever became of it. */
export const processMark = "HOLDFAST_TEST_CLUSTER";
/** The parent of all pods' control groups. */
export const cgroupName = "holdfast-test-cluster";

export const bridge = "holdfast0";
export const podRange = "10.213.0.0/16";
export const serviceRange = "10.214.0.0/16";
/** Address of the bridge: pods and the host reach the API server, the kubelet and the S3 stores at it. */
export const address = "10.213.0.1";
export const apiserverService = "10.214.0.1";
export const apiserver = `https://${address}:6443`;
export const nodeName = "holdfast-test";

export const csiDriver = "btrfs.holdfast.dev";
export const storageClass = "holdfast-immediate";
export const storageClassWait = "holdfast-wait";
export const snapshotClass = "holdfast-snapshots";

export const region = "eu-test-1";
export const namespace = "holdfast-system";
export const release = "holdfast";
export const imageRepository = "holdfast.local/holdfast";

export type Store = {
  readonly name: "onprem" | "offsite";
  readonly port: number;
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
};

/** The two S3 stores. Their keys are no secrets: they guard test data on an address of this machine only. */
export const stores: readonly Store[] = [
  {
    name: "onprem",
    port: 9001,
    endpoint: `http://${address}:9001`,
    bucket: "holdfast-onprem",
    accessKey: "onprem-access",
    secretKey: "onprem-secret-key-for-tests",
  },
  {
    name: "offsite",
    port: 9002,
    endpoint: `http://${address}:9002`,
    bucket: "holdfast-offsite",
    accessKey: "offsite-access",
    secretKey: "offsite-secret-key-for-tests",
  },
];

/** A short name for any content. */
export function digest(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
}
