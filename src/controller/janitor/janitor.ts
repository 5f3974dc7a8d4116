import { label, manager } from "../../api/names.ts";
import type { RestorePoint } from "../../api/objects.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import { restorePoints } from "../../kube/holdfast.ts";
import {
  configMaps,
  jobs,
  namespaces,
  persistentVolumeClaims,
  type Resource,
  volumeSnapshots,
} from "../../kube/resources.ts";
import type { Job, KubeObject, Stored } from "../../kube/types.ts";
import { fieldManager as runnerManager } from "../../runner/context.ts";
import { namespacesWithAccess, revokeAccess } from "../access/access.ts";
import { looksAfter } from "../caches.ts";
import type { Context } from "../context.ts";
import { jobState } from "../runs/report.ts";
import { lostPoints, lostStatus } from "./lost-points.ts";
import { type RunState, selectClaims, selectLeftovers } from "./select.ts";

/** A run that has ended tidies up by itself, for which it has this long. */
const graceMs = 5 * 60_000;

/**
 * One round: removes what dead runs left behind, says of restore points that were never finished that they failed, and takes
 * rights back where there are no runs any more. Never removes a restore point, nor a volume that was restored or kept.
 */
export async function tidyUp(context: Context): Promise<void> {
  const found = await listTemporary(context);
  const points = context.caches.points.list();
  // Listed after the objects and the points, so that no run can have begun in between which these belong to.
  const stateOf = runStates((await context.client.list(jobs, { labelSelector: made })).items, context.now());
  for (const { resource, objects } of found) {
    const leftovers =
      resource === persistentVolumeClaims ? selectClaims({ objects, stateOf }) : selectLeftovers({ objects, stateOf });
    for (const object of leftovers) await remove(context, resource, object);
  }
  for (const point of lostPoints(points, (run) => stateOf(run) !== "Active", context.now())) {
    if (looksAfter(context.caches, point.metadata.namespace)) await sayLost(context, point);
  }
  await withdrawAccess(context);
}

const made = `${label.managedBy}=${manager}`;

type Found = { readonly resource: Resource; readonly objects: readonly Stored<KubeObject>[] };

async function listTemporary({ client, caches }: Context): Promise<readonly Found[]> {
  const kinds: readonly Resource[] = [volumeSnapshots, jobs, persistentVolumeClaims];
  return await Promise.all(
    kinds.map(async (resource) => {
      const listed = await listOrNone({ client }, resource);
      return { resource, objects: listed.filter(({ metadata }) => looksAfter(caches, metadata.namespace)) };
    }),
  );
}

async function listOrNone(
  { client }: Pick<Context, "client">,
  resource: Resource,
): Promise<readonly Stored<KubeObject>[]> {
  try {
    return (await client.list(resource, { labelSelector: made })).items;
  } catch (error) {
    // The snapshot kinds may not be installed.
    if (isNotFound(error)) return [];
    throw error;
  }
}

export function runStates(all: readonly Stored<Job>[], now: Date): (run: string) => RunState {
  const byUid = new Map(all.map((job) => [job.metadata.uid, jobState(job)]));
  return (run) => {
    const state = byUid.get(run);
    if (!state) return "Over";
    if (state.state === "Running") return "Active";
    return now.getTime() - Date.parse(state.at) < graceMs ? "EndedJustNow" : "Over";
  };
}

async function remove(
  { client, log }: Context,
  resource: Resource,
  { kind, metadata }: Stored<KubeObject>,
): Promise<void> {
  try {
    await client.delete(resource, metadata, { uid: metadata.uid });
    // A mover's configuration has the name of its Job; to look for them all would take the right to read every ConfigMap.
    if (resource === jobs) await client.delete(configMaps, metadata);
    const run = metadata.labels?.[label.run];
    log.info({ kind, namespace: metadata.namespace, name: metadata.name, run }, "removed what a dead run left behind");
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/**
 * Written in the name of the runners, as all of the status that is theirs: a field belongs to whoever sets it, and only its own manager
 * removes it by leaving it out. A run that adopts what was stored would else never get rid of our `reason` and `message`.
 */
async function sayLost({ client, log, now }: Context, point: Stored<RestorePoint>): Promise<void> {
  const { apiVersion, kind } = point;
  const { namespace, name, uid } = point.metadata;
  const status = lostStatus(point, now());
  try {
    const { resourceVersion } = (await removeProgress(client, point)).metadata;
    await client.apply(
      restorePoints,
      { apiVersion, kind, metadata: { namespace, name, uid, resourceVersion }, status },
      { fieldManager: runnerManager, subresource: "status" },
    );
    log.info({ namespace, name, run: point.spec.run }, "a restore point's run is gone, so it has failed");
  } catch (error) {
    // Somebody has just written it: the next round looks again.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

/**
 * Progress may belong to whoever brought the point into the cluster, and an apply, even of `null`, removes only what its own manager has set.
 * Before the rest, so that the next round goes on where this one is interrupted.
 */
async function removeProgress(client: Context["client"], point: Stored<RestorePoint>): Promise<Stored<RestorePoint>> {
  if (!point.status?.progress) return point;
  const { resourceVersion } = point.metadata;
  const change = { metadata: { resourceVersion }, status: { progress: null } };
  return await client.patch(restorePoints, point.metadata, change, {
    fieldManager: runnerManager,
    subresource: "status",
  });
}

/** Runners keep their rights only where something may start them. */
async function withdrawAccess({ client, caches }: Context): Promise<void> {
  const isUsed = (namespace: string) =>
    [caches.policies, caches.tests, caches.restores].some((cache) => cache.list(namespace).length > 0) ||
    caches.jobs.list(namespace).some((job) => jobState(job).state === "Running");
  const granted = new Set([
    ...namespacesWithAccess(caches),
    ...caches.roleBindings.list().flatMap(({ metadata }) => metadata.namespace ?? []),
  ]);
  const idle: string[] = [];
  for (const namespace of granted) {
    if (isUsed(namespace)) continue;
    const ours = looksAfter(caches, namespace);
    if (ours || !(await client.find(namespaces, { name: namespace }))) idle.push(namespace);
  }
  if (idle.length > 0) await revokeAccess(client, idle);
}
