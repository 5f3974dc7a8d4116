import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, readOr, writeWhole } from "../files.ts";
import { answers } from "../probe.ts";
import type { Component } from "../processes.ts";
import { address, cgroupName, containerdSocket, kubeletFolder, nodeName, podRange, stateFolder } from "../settings.ts";
import { certificateFile, keyFile, kubeconfigFile } from "./pki.ts";

const kubeletConfigurationFile = join(stateFolder, "kubelet.json");
const proxyConfigurationFile = join(stateFolder, "kube-proxy.json");
/** Pods get no name server: the cluster has none, and asking the machine's would hang, as pods cannot reach it. */
const resolverFile = join(stateFolder, "resolv.conf");
export const podLogFolder = join(stateFolder, "pod-logs");

const kubeletConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  address,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: certificateFile("ca") },
  },
  authorization: { mode: "Webhook" },
  tlsCertFile: certificateFile("kubelet-server"),
  tlsPrivateKeyFile: keyFile("kubelet-server"),
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  cgroupDriver: "cgroupfs",
  cgroupRoot: `/${cgroupName}`,
  failCgroupV1: false,
  failSwapOn: false,
  maxPods: 110,
  podLogsDir: podLogFolder,
  resolvConf: resolverFile,
  serializeImagePulls: false,
  // Images are loaded by hand and cannot be pulled again: none may be thrown away, and a full disk of the machine is
  // not the cluster's business until it is really full.
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  evictionHard: {
    "memory.available": "50Mi",
    "nodefs.available": "1%",
    "nodefs.inodesFree": "1%",
    "imagefs.available": "1%",
  },
  syncFrequency: "10s",
  volumeStatsAggPeriod: "5m",
  shutdownGracePeriod: "0s",
};

const proxyConfiguration = {
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  clientConnection: { kubeconfig: kubeconfigFile("proxy") },
  mode: "iptables",
  clusterCIDR: podRange,
  hostnameOverride: nodeName,
  healthzBindAddress: "127.0.0.1:10256",
  metricsBindAddress: "127.0.0.1:10249",
  // Answers of a pod on the same bridge must come back through the host, whether or not bridged frames pass iptables.
  iptables: { masqueradeAll: true },
  conntrack: { maxPerCore: 0 },
};

export async function kubelet(binaries: string): Promise<Component> {
  const configuration = JSON.stringify(kubeletConfiguration, null, 2);
  await mkdir(join(kubeletFolder, "plugins_registry"), { recursive: true });
  await writeWhole(resolverFile, "");
  await writeWhole(kubeletConfigurationFile, configuration);
  return {
    name: "kubelet",
    command: [
      join(binaries, "kubelet"),
      `--config=${kubeletConfigurationFile}`,
      `--kubeconfig=${kubeconfigFile("kubelet")}`,
      `--root-dir=${kubeletFolder}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${address}`,
    ],
    configuration: [configuration],
    ready: () => answers("http://127.0.0.1:10248/healthz"),
  };
}

export async function kubeProxy(binaries: string): Promise<Component> {
  const configuration = JSON.stringify(proxyConfiguration, null, 2);
  await writeWhole(proxyConfigurationFile, configuration);
  return {
    name: "kube-proxy",
    command: [join(binaries, "kube-proxy"), `--config=${proxyConfigurationFile}`],
    configuration: [configuration],
    ready: () => answers("http://127.0.0.1:10256/healthz"),
  };
}

/** The roots of the control-group hierarchies: one on cgroup v2, one per controller on v1. */
export async function cgroupHierarchies(): Promise<string[]> {
  const root = "/sys/fs/cgroup";
  if (await exists(join(root, "cgroup.controllers"))) return [root];
  const names = await readdir(root).catch(() => []);
  const found: string[] = [];
  for (const name of names) if (await exists(join(root, name, "cgroup.procs"))) found.push(join(root, name));
  return found;
}

/** The kubelet wants the parent of its pods' control groups to be there, with every controller. */
export async function ensureCgroups(): Promise<void> {
  for (const hierarchy of await cgroupHierarchies()) {
    const folder = join(hierarchy, cgroupName);
    await mkdir(folder, { recursive: true });
    for (const setting of ["cpuset.cpus", "cpuset.mems"]) await inherit(hierarchy, folder, setting);
  }
}

/** On cgroup v1 a new group has no processors and no memory until it is given its parent's. */
async function inherit(parent: string, child: string, setting: string): Promise<void> {
  const value = (await readOr(join(parent, setting), "")).trim();
  if (value && (await readOr(join(child, setting), "")).trim() === "") await writeFile(join(child, setting), value);
}
