import { existsSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";

const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/**
 * How to reach and prove oneself to an API server: the kubeconfig at `path`; without one the pod's own service account;
 * outside of a pod what `kubectl` would use. Throws if the file cannot be read or names no cluster.
 */
export function loadKubeConfig(path?: string): KubeConfig {
  const config = new KubeConfig();
  if (path !== undefined) config.loadFromFile(path);
  else if (process.env.KUBERNETES_SERVICE_HOST && existsSync(tokenFile)) config.loadFromCluster();
  else config.loadFromDefault();
  if (!config.getCurrentCluster()) {
    throw new Error(`the kubeconfig ${path ?? ""} names no current cluster; set its current-context`);
  }
  return config;
}
