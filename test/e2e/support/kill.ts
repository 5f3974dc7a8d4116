import { readdirSync, readFileSync } from "node:fs";
import { pods } from "../../../src/kube/resources.ts";
import type { Pod, Stored } from "../../../src/kube/types.ts";
import { client, kubectlReading } from "./cluster.ts";

/** Takes a pod out of the API at once. Its process is told to stop, and may still do so when another pod is there already. */
export const deletePod = (pod: Stored<Pod>): Promise<boolean> =>
  client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });

/** As when its node is drained: the pod says that the cluster stopped it. */
export async function evictPod({ metadata: { namespace, name } }: Stored<Pod>): Promise<void> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  await kubectlReading(JSON.stringify(eviction), "create", "--raw", path, "-f", "-");
}

/**
 * Ends a runner or a mover as a loss of power would: at once, so that it tidies nothing up. Where the node is another machine,
 * its pod is deleted instead, and the process told to stop.
 */
export async function killPod(pod: Stored<Pod>): Promise<void> {
  // They all have their pod's UID in a variable.
  const found = readdirSync("/proc").filter(
    (id) => /^\d+$/.test(id) && environmentOf(id).includes(`=${pod.metadata.uid}\0`),
  );
  if (found.length === 0) await deletePod(pod);
  for (const id of found) process.kill(Number(id), "SIGKILL");
}

/** Empty of what has ended meanwhile. */
function environmentOf(id: string): string {
  try {
    return `${readFileSync(`/proc/${id}/environ`, "latin1")}\0`;
  } catch {
    return "";
  }
}
