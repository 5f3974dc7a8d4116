import type { RestorePoint } from "../../api/objects.ts";
import type { BackupResult } from "../../contract/results.ts";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { resticRepository } from "../location.ts";
import { writeStatus } from "../points.ts";
import { compareWithStore } from "./adopt.ts";
import { adoptPoint, sourceOf } from "./point.ts";
import type { BackupPlan } from "./resolve.ts";
import { failedStatus } from "./status.ts";

/**
 * Says of restore points that nobody works on any more that they failed: we hold the volume, so the run of one that is still in
 * progress is dead, or was an earlier attempt. Should its snapshot have been written, the inventory finds it. Gives all points as
 * they are now.
 */
export async function settleDeadPoints(
  context: RunContext,
  points: readonly RestorePoint[],
  isDead: (point: RestorePoint) => boolean,
): Promise<readonly RestorePoint[]> {
  const failure = { reason: runReason.interrupted, message: "the run ended before this copy was done" };
  return await Promise.all(
    points.map(async (point) => {
      const phase = point.status?.phase ?? "InProgress";
      if (phase !== "InProgress" || !isDead(point)) return point;
      const status = failedStatus(point.status ?? {}, failure, context.now());
      await writeStatus(context, point, status);
      return { ...point, status };
    }),
  );
}

/** Brings the restore points into line with what the mover's inventory found; gives them as they are now. */
export async function reconcileWithStore(
  context: RunContext,
  options: {
    readonly plan: BackupPlan;
    readonly claim: PersistentVolumeClaim;
    /** Of this policy and volume. */
    readonly points: readonly RestorePoint[];
    /** The point of this run: its own snapshots are no news. */
    readonly current: RestorePoint;
    readonly result: BackupResult;
  },
): Promise<readonly RestorePoint[]> {
  const { plan, claim, points, current, result } = options;
  const pvc = claim.metadata.name;
  const findings = compareWithStore({
    result,
    points: points.filter(({ metadata }) => metadata.name !== current.metadata.name),
    current: current.metadata.name,
    chain: current.spec.chain,
    clusterUid: plan.clusterUid,
    pvc,
    repositoryOn: (name, chain) => {
      const target = plan.targets.find(({ metadata }) => metadata.name === name);
      return target ? resticRepository(target, context.identity.namespace, pvc, chain) : "";
    },
    source: sourceOf(claim),
    now: context.now(),
  });
  const changed = new Map<string, RestorePoint>();
  for (const { point, status } of findings.updates) {
    await writeStatus(context, point, status);
    changed.set(point.metadata.name, { ...point, status });
    context.log.info({ point: point.metadata.name }, "put a restore point in line with its repository");
  }
  for (const { name, spec, status } of findings.creations) {
    const adopted = await adoptPoint(context, name, spec, status);
    if (adopted) changed.set(name, adopted);
    context.log.info({ point: name }, "adopted a snapshot that had no restore point");
  }
  const untouched = points.filter(({ metadata }) => !changed.has(metadata.name));
  return [...untouched, ...changed.values()];
}
