import type { BackupPolicy, BackupTarget, RestorePoint } from "../../api/objects.ts";
import type { Copy, RestorePointStatus } from "../../api/restorepoint.ts";
import type { ForgetResult } from "../../contract/results.ts";
import { restorePoints } from "../../kube/holdfast.ts";
import { count, formatBytes } from "../../mover/units.ts";
import type { RunContext } from "../context.ts";
import { explainFailure } from "../explain.ts";
import type { FailureText } from "../failure.ts";
import { credentialMount, resticRepository } from "../location.ts";
import { runMover } from "../mover-run.ts";
import { tellNotices } from "../notices.ts";
import { writeStatus } from "../points.ts";
import { emptyPoints, forgetConfigOf, planRemovals, type TargetRemoval } from "./retention-plan.ts";

/** Restores hold a repository up for as long as they take, and what is not removed today can be removed tomorrow. */
const lockWaitSeconds = 60;

export type RetentionOutcome = {
  /** Nothing went wrong, but what was to go stays until the next run. */
  readonly postponed: readonly string[];
  readonly failures: readonly FailureText[];
  readonly removed: number;
  /** What each target has less now, for people; empty where nothing was removed. */
  readonly freed: string;
};

/**
 * Removes what the policy's rules no longer keep of one volume, on these targets: the snapshots and what only they used, then the
 * restore points that have no copy left.
 */
export async function retain(
  context: RunContext,
  options: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly policy: BackupPolicy;
    readonly pvc: string;
    /** Of this policy and volume, the newest included. */
    readonly points: readonly RestorePoint[];
    /** The name of the newest one, which is to say what was freed. */
    readonly newest: string;
    readonly targets: readonly BackupTarget[];
    readonly deadHolders: readonly string[];
  },
): Promise<RetentionOutcome> {
  const { policy, pvc, targets } = options;
  const removals = planRemovals({
    points: options.points,
    current: options.newest,
    targets,
    rules: policy.spec.retention,
    timeZone: policy.spec.timeZone,
    repositoryOn: (target, chain) => resticRepository(target, context.identity.namespace, pvc, chain),
  });
  const result = removals.length > 0 ? await forget(context, options, removals) : undefined;
  const points = await writeDown(context, options, removals, result);
  const gone = emptyPoints(points);
  for (const { metadata } of gone) {
    await context.client.delete(restorePoints, metadata, { uid: metadata.uid });
  }
  await tellNotices(context, { about: policy, pvc, targets: result?.targets ?? [] });
  const bad = (result?.targets ?? []).filter(({ state }) => state === "Failed");
  const explained = bad.map((entry) => ({
    locked: entry.reason === "RepositoryLocked",
    text: withTarget(
      entry.target,
      explainFailure(
        entry,
        targets.find(({ metadata }) => metadata.name === entry.target),
      ),
    ),
  }));
  context.log.info({ pvc, removed: gone.length, failed: bad.length }, "retention is done");
  return {
    postponed: explained.filter(({ locked }) => locked).map(({ text }) => text.message),
    failures: explained.filter(({ locked }) => !locked).map(({ text }) => text),
    removed: gone.length,
    freed: describeFreed(result?.targets ?? []),
  };
}

/** `offsite: 2 snapshots removed, 1.5 GiB freed`. */
export const describeFreed = (targets: ForgetResult["targets"]): string =>
  targets
    .filter(({ snapshotsRemoved, bytesFreed }) => snapshotsRemoved > 0 || bytesFreed > 0)
    .map(
      ({ target, snapshotsRemoved, bytesFreed }) =>
        `${target}: ${count(snapshotsRemoved, "snapshot")} removed, ${formatBytes(bytesFreed)} freed`,
    )
    .join("; ");

const withTarget = (target: string, { reason, message }: FailureText): FailureText => ({
  reason,
  message: `${target}: ${message}`,
});

function forget(
  context: RunContext,
  options: Parameters<typeof retain>[1],
  removals: readonly TargetRemoval[],
): Promise<ForgetResult> {
  const { name, labels, pvc, policy, deadHolders } = options;
  return runMover(context, "forget", {
    name,
    labels,
    pvc,
    command: "forget",
    config: forgetConfigOf({
      removals,
      namespace: context.identity.namespace,
      pvc,
      rules: policy.spec.retention,
      lock: { holder: name, deadHolders: [...deadHolders], waitSeconds: lockWaitSeconds },
    }),
    credentials: removals.map(({ target }) => credentialMount(target)),
    options: policy.spec.mover,
  });
}

/** Writes down what the mover really removed, and on the newest point what that freed; gives all points as they are now. */
async function writeDown(
  context: RunContext,
  { points, newest }: Pick<Parameters<typeof retain>[1], "points" | "newest">,
  removals: readonly TargetRemoval[],
  result: ForgetResult | undefined,
): Promise<readonly RestorePoint[]> {
  const done = removals.map(({ target, chains }) => {
    const entry = result?.targets.find((each) => each.target === target.metadata.name);
    const isGone = (chain: string): boolean =>
      entry?.state === "Good" || entry?.chainsForgotten?.includes(chain) === true;
    return { target, chains: chains.filter(({ chain }) => isGone(chain)) };
  });
  return await Promise.all(
    points.map(async (point) => {
      const prunedFrom = done
        .filter(({ chains }) => chains.some((chain) => [...chain.points, ...chain.remains].includes(point)))
        .map(({ target }) => target.metadata.name);
      const freed = point.metadata.name === newest ? (result?.targets ?? []) : [];
      if (prunedFrom.length === 0 && freed.length === 0) return point;
      const status = tidiedStatus(point.status, { prunedFrom, freed });
      await writeStatus(context, point, status);
      return { ...point, status };
    }),
  );
}

/** A point's status after retention: copies that are gone, and what each target has less. */
export function tidiedStatus(
  status: RestorePointStatus | undefined,
  { prunedFrom, freed }: { readonly prunedFrom: readonly string[]; readonly freed: ForgetResult["targets"] },
): RestorePointStatus {
  const copies = (status?.copies ?? []).map((copy): Copy => {
    const bytesFreed = freed.find(({ target }) => target === copy.target)?.bytesFreed;
    return {
      ...copy,
      ...(prunedFrom.includes(copy.target) && { state: "Pruned" }),
      ...(bytesFreed !== undefined && { bytesFreed: Math.round(bytesFreed) }),
    };
  });
  return { ...status, copies };
}
