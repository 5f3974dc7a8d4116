import { readFile } from "node:fs/promises";
import { writeWhole } from "../files.ts";
import { type Kubectl, kubectlFor } from "../kubectl.ts";
import { ensureComponent } from "../processes.ts";
import { say, step } from "../progress.ts";
import { ensureStores } from "../s3.ts";
import { address, adminKubeconfig, csiDriver, nodeName } from "../settings.ts";
import { ensureStorageObjects } from "../storage.ts";
import { containerd } from "./containerd.ts";
import { apiServer, controllerManager, etcd, scheduler } from "./controlplane.ts";
import { ensureStorageComponents } from "./csi.ts";
import { ensureDisk } from "./disk.ts";
import { ensurePauseImage } from "./images.ts";
import { ensureNetwork } from "./network.ts";
import { ensureCgroups, kubelet, kubeProxy } from "./node.ts";
import { ensurePki, kubeconfigFile } from "./pki.ts";

/**
 * Brings the cluster to the state in which it serves, from whatever state it is in: never started, running, half
 * started, some of it killed, the machine rebooted. Each part looks at what is there and mends it.
 */
export async function ensureEmbedded(binaries: string): Promise<Kubectl> {
  await step("keys, network and disk", async () => {
    await Promise.all([ensurePki(), ensureNetwork(), ensureDisk(), ensureCgroups()]);
    await writeWhole(adminKubeconfig, await readFile(kubeconfigFile("admin"), "utf8"), 0o600);
  });
  const kubectl = kubectlFor(binaries, adminKubeconfig);
  await Promise.all([
    step("control plane", () => ensureControlPlane(binaries)),
    step("container runtime", async () => {
      await ensureComponent(await containerd());
      await ensurePauseImage(binaries);
    }),
    step("two S3 stores", () => ensureStores(binaries, address)),
  ]);
  await step("node and storage", async () => {
    await ensureStorageObjects(kubectl, binaries);
    await Promise.all([
      ensureComponent(await kubelet(binaries)),
      ensureComponent(await kubeProxy(binaries)),
      ensureStorageComponents(binaries),
    ]);
    await nodeIsReady(kubectl);
  });
  say(`the cluster serves at ${address}`);
  return kubectl;
}

async function ensureControlPlane(binaries: string): Promise<void> {
  await ensureComponent(etcd());
  await ensureComponent(apiServer(binaries));
  await Promise.all([ensureComponent(controllerManager(binaries)), ensureComponent(scheduler(binaries))]);
}

async function nodeIsReady(kubectl: Kubectl): Promise<void> {
  await kubectl.run(["wait", "--for=create", "--timeout=60s", `node/${nodeName}`]);
  await kubectl.run(["wait", "--for=condition=Ready", "--timeout=120s", `node/${nodeName}`]);
  const registered = `jsonpath={.spec.drivers[0].name}=${csiDriver}`;
  await kubectl.run(["wait", `--for=${registered}`, "--timeout=120s", `csinode/${nodeName}`]);
  await kubectl.run(["wait", "--for=create", "--timeout=60s", "serviceaccount/default", "--namespace=default"]);
}
