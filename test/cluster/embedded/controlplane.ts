import { join } from "node:path";
import { answers } from "../probe.ts";
import type { Component } from "../processes.ts";
import { address, apiserver, podRange, serviceRange, stateFolder } from "../settings.ts";
import { certificateFile, keyFile, kubeconfigFile } from "./pki.ts";

const etcdAddress = "http://127.0.0.1:23790";
const etcdPeerAddress = "http://127.0.0.1:23800";

/** The data may be lost with the machine's power: the cluster is a test's, and this makes it several times faster. */
export function etcd(): Component {
  return {
    name: "etcd",
    command: [
      "/usr/bin/etcd",
      `--data-dir=${join(stateFolder, "etcd")}`,
      "--name=test",
      `--listen-client-urls=${etcdAddress}`,
      `--advertise-client-urls=${etcdAddress}`,
      `--listen-peer-urls=${etcdPeerAddress}`,
      `--initial-advertise-peer-urls=${etcdPeerAddress}`,
      `--initial-cluster=test=${etcdPeerAddress}`,
      "--unsafe-no-fsync",
      "--auto-compaction-mode=periodic",
      "--auto-compaction-retention=10m",
      "--log-level=warn",
    ],
    environment: { ETCD_UNSUPPORTED_ARCH: "arm64" }, // Debian's 3.4 wants to be told so there; ignored elsewhere
    ready: () => answers(`${etcdAddress}/health`),
  };
}

export function apiServer(binaries: string): Component {
  return {
    name: "kube-apiserver",
    command: [
      join(binaries, "kube-apiserver"),
      `--etcd-servers=${etcdAddress}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      "--secure-port=6443",
      `--service-cluster-ip-range=${serviceRange}`,
      `--tls-cert-file=${certificateFile("apiserver")}`,
      `--tls-private-key-file=${keyFile("apiserver")}`,
      `--client-ca-file=${certificateFile("ca")}`,
      `--kubelet-client-certificate=${certificateFile("apiserver-kubelet-client")}`,
      `--kubelet-client-key=${keyFile("apiserver-kubelet-client")}`,
      `--kubelet-certificate-authority=${certificateFile("ca")}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${keyFile("service-accounts")}`,
      `--service-account-signing-key-file=${keyFile("service-accounts")}`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--allow-privileged=true",
      "--profiling=false",
    ],
    ready: () => answers(`${apiserver}/readyz`),
  };
}

export function controllerManager(binaries: string): Component {
  return {
    name: "kube-controller-manager",
    command: [
      join(binaries, "kube-controller-manager"),
      `--kubeconfig=${kubeconfigFile("controller-manager")}`,
      "--bind-address=127.0.0.1",
      "--leader-elect=false",
      `--cluster-cidr=${podRange}`,
      `--root-ca-file=${certificateFile("ca")}`,
      `--service-account-private-key-file=${keyFile("service-accounts")}`,
      `--cluster-signing-cert-file=${certificateFile("ca")}`,
      `--cluster-signing-key-file=${keyFile("ca")}`,
      "--use-service-account-credentials=true",
      "--pvclaimbinder-sync-period=5s",
      "--kube-api-qps=100",
      "--kube-api-burst=200",
      "--profiling=false",
    ],
    ready: () => answers("https://127.0.0.1:10257/healthz"),
  };
}

export function scheduler(binaries: string): Component {
  return {
    name: "kube-scheduler",
    command: [
      join(binaries, "kube-scheduler"),
      `--kubeconfig=${kubeconfigFile("scheduler")}`,
      "--bind-address=127.0.0.1",
      "--leader-elect=false",
      "--profiling=false",
    ],
    ready: () => answers("https://127.0.0.1:10259/healthz"),
  };
}
