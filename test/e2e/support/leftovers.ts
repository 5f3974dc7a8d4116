import { existsSync, readFileSync } from "node:fs";
import { label } from "../../../src/api/names.ts";
import {
  configMaps,
  jobs,
  leases,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeSnapshotContents,
  volumeSnapshots,
} from "../../../src/kube/resources.ts";
import type { KubeObject } from "../../../src/kube/types.ts";
import { kubeletFolder } from "../../cluster/settings.ts";
import { client } from "./cluster.ts";
import { until } from "./until.ts";

/** Waits until nothing is left of the runs in a namespace; else rejects with what there still is. */
export async function expectNothingLeft(namespace: string): Promise<void> {
  let left: readonly string[] = [];
  try {
    await until(
      "nothing is left of runs",
      async () => {
        left = await leftovers(namespace);
        return left.length === 0;
      },
      90,
    );
  } catch (cause) {
    throw new Error(`runs left behind: ${left.join(", ")}`, { cause });
  }
}

/** What runs made and did not remove: objects, volumes and snapshots behind them, held Leases, and mounts on the node. */
export async function leftovers(namespace: string): Promise<readonly string[]> {
  const made = async (resource: Parameters<typeof client.list>[0]) =>
    (await client.list(resource, { namespace, labelSelector: label.run })).items;
  const claims = (await client.list(persistentVolumeClaims, { namespace })).items;
  const contents = (await client.list(volumeSnapshotContents)).items;
  const volumes = (await client.list(persistentVolumes)).items;
  const bound = new Set(claims.map(({ spec }) => spec?.volumeName));
  return [
    ...(await made(jobs)),
    ...(await made(pods)),
    ...(await made(configMaps)),
    ...(await made(persistentVolumeClaims)),
    ...(await client.list(volumeSnapshots, { namespace })).items,
    ...contents.filter(({ spec }) => spec.volumeSnapshotRef.namespace === namespace),
    ...volumes.filter(({ metadata, spec }) => spec?.claimRef?.namespace === namespace && !bound.has(metadata.name)),
    ...(await client.list(leases, { namespace })).items.filter(({ spec }) => spec?.holderIdentity),
  ]
    .map(nameOf)
    .concat(await orphanedMounts());
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

/** Volumes still mounted for pods that are gone; seen only where the node is this machine. */
async function orphanedMounts(): Promise<readonly string[]> {
  if (!existsSync(kubeletFolder)) return [];
  const alive = new Set((await client.list(pods)).items.map(({ metadata }) => metadata.uid));
  const mounted = readFileSync("/proc/self/mountinfo", "utf8").matchAll(
    / \S*\/pods\/([0-9a-f-]{36})\/volumes\/\S*csi\S* /g,
  );
  const orphans = new Set([...mounted].flatMap(([, uid]) => (uid && !alive.has(uid) ? [uid] : [])));
  return [...orphans].map((uid) => `mount of pod ${uid}`);
}
