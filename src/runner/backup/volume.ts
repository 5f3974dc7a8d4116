import type { RestorePoint } from "../../api/objects.ts";
import type { RestorePointStatus } from "../../api/restorepoint.ts";
import type { BackupResult } from "../../contract/results.ts";
import type { PersistentVolumeClaim, Stored } from "../../kube/types.ts";
import { type ChainDecision, chooseChain } from "../../policy/chains.ts";
import { type RunContext, undisturbed, withSignal } from "../context.ts";
import { runReason } from "../contract.ts";
import { describeFailure, type FailureText, logged, RunFailure } from "../failure.ts";
import { resticRepository } from "../location.ts";
import { runLabels, runObjectName } from "../names.ts";
import { tellNotices } from "../notices.ts";
import { listPoints, writeStatus } from "../points.ts";
import { progressOf } from "../progress.ts";
import { findDeadMovers, holdVolume } from "../volume-lease.ts";
import { cleanUp } from "./cleanup.ts";
import { makeClone } from "./clone.ts";
import { assertNotHeld, mirrorSettings } from "./mirror.ts";
import { moveData } from "./move.ts";
import type { VolumeOutcome } from "./outcome.ts";
import { adoptPoint, openPoint, sourceOf } from "./point.ts";
import { reconcileWithStore, settleDeadPoints } from "./records.ts";
import type { BackupPlan } from "./resolve.ts";
import { selectionOf } from "./selection.ts";
import { assertNotReplaced, type TakenSnapshot, takeSnapshot } from "./snapshot.ts";
import { resolveSource, type Source } from "./source.ts";
import { failedStatus, finishedStatus, initialStatus } from "./status.ts";
import { blameDeletion, outcomeOf, withDeletion } from "./volume-outcome.ts";
import { retainVolume } from "./volume-retention.ts";

/** One volume of a run. */
type VolumeRun = {
  readonly plan: BackupPlan;
  readonly claim: Stored<PersistentVolumeClaim>;
  readonly pvc: string;
  /** Name of the snapshot, the temporary volume and the mover. */
  readonly name: string;
};

/** What was there before this run. */
type Known = {
  /** Of this policy and volume. */
  readonly points: readonly RestorePoint[];
  /** Of all policies. */
  readonly knownChains: readonly string[];
  readonly deadHolders: readonly string[];
};

/** A restore point that is being made. */
type OpenPoint = {
  readonly point: RestorePoint;
  readonly status: RestorePointStatus;
  readonly decision: ChainDecision;
  readonly source: Source;
  readonly snapshot: TakenSnapshot;
};

/** Backs up one volume, from the Lease to retention. Never throws: what happened is the outcome. */
export async function backupVolume(
  context: RunContext,
  plan: BackupPlan,
  claim: Stored<PersistentVolumeClaim>,
): Promise<VolumeOutcome> {
  const pvc = claim.metadata.name;
  const volume: VolumeRun = { plan, claim, pvc, name: runObjectName(context.identity.jobUid, pvc) };
  try {
    const held = await holdVolume(context, pvc);
    if (!held) {
      const message = `another run kept the volume for longer than ${context.patience.volumeBusy} seconds; the next run comes at its time`;
      return { pvc, outcome: "Skipped", reason: runReason.volumeBusy, message };
    }
    try {
      return await backupHeldVolume(withSignal(context, held.lost), volume);
    } finally {
      await held.release().catch((error) => context.log.warn({ err: error, pvc }, "could not release the Lease"));
    }
  } catch (error) {
    context.log.warn({ ...logged(error), pvc }, "the backup of this volume failed");
    return { pvc, outcome: "Failed", ...describeFailure(error, context.signal) };
  }
}

async function backupHeldVolume(context: RunContext, volume: VolumeRun): Promise<VolumeOutcome> {
  const { plan, claim, pvc } = volume;
  const run = context.identity.jobUid;
  const all = await settleDeadPoints(context, await listPoints(context, pvc), ({ spec }) => spec.run !== run);
  const known: Known = {
    points: all.filter(({ spec }) => spec.policy === plan.policy.metadata.name),
    knownChains: [...new Set(all.map(({ spec }) => spec.chain))],
    deadHolders: await findDeadMovers(context, pvc),
  };
  const done = known.points.find(({ spec, status }) => spec.run === run && isDone(status));
  const { point, points } = done ? { point: done, points: known.points } : await makePoint(context, volume, known);
  const outcome = await withDeletion(context, claim, outcomeOf(pvc, point));
  return await retainVolume(context, { plan, pvc, points, point, outcome });
}

/** An earlier attempt of this run had come so far, and died later. */
const isDone = (status: RestorePointStatus | undefined): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Degraded";

/** Makes the restore point; whatever happens, what was made on the way goes again. */
async function makePoint(context: RunContext, volume: VolumeRun, known: Known) {
  const { plan, claim, name } = volume;
  let open: OpenPoint | undefined;
  try {
    open = await begin(context, volume, known);
    const result = await ship(context, volume, known, open);
    await tellNotices(context, { about: plan.policy, pvc: volume.pvc, targets: result.targets });
    const { chain } = open.point.spec;
    const status = finishedStatus({
      status: open.status,
      result,
      policy: plan.policy,
      targets: plan.targets,
      repositoryOn: (target) => resticRepository(target, context.identity.namespace, claim.metadata.name, chain),
      now: context.now(),
    });
    const current = await finish(context, open.point, status);
    open = undefined;
    return { point: current, points: await reconciled(context, volume, known, current, result) };
  } catch (error) {
    const failure = await blameDeletion(context, claim, describeFailure(error, context.signal));
    if (open) await tellFailure(context, open, failure);
    throw new RunFailure(failure.reason, failure.message, error);
  } finally {
    await cleanUp(undisturbed(context), { movers: [name], claim: name, snapshot: name });
  }
}

/** Somebody may have deleted the point meanwhile; but its data is there, so it is made again. */
async function finish(context: RunContext, point: RestorePoint, status: RestorePointStatus): Promise<RestorePoint> {
  if (await writeStatus(context, point, status)) return { ...point, status };
  const { metadata, spec } = point;
  return (await adoptPoint(context, metadata.name, spec, status)) ?? { ...point, status };
}

/** What failed is told by the run as well, so trouble in telling it here must not hide it. */
async function tellFailure(context: RunContext, { point, status }: OpenPoint, failure: FailureText): Promise<void> {
  try {
    await writeStatus(undisturbed(context), point, failedStatus(status, failure, context.now()));
  } catch (error) {
    context.log.warn({ err: error, point: point.metadata.name }, "could not say of the restore point that it failed");
  }
}

/** The copies are written: that the books about earlier ones could not be put in order is for the next run. */
async function reconciled(
  context: RunContext,
  { plan, claim, pvc }: VolumeRun,
  { points }: Known,
  current: RestorePoint,
  result: BackupResult,
): Promise<readonly RestorePoint[]> {
  try {
    return await reconcileWithStore(context, { plan, claim, points, current, result });
  } catch (error) {
    context.log.warn({ err: error, pvc }, "could not put the restore points in line with the repositories");
    return points;
  }
}

/** Takes the snapshot and opens the restore point of its instant. */
async function begin(context: RunContext, volume: VolumeRun, known: Known): Promise<OpenPoint> {
  const { plan, claim, pvc, name } = volume;
  const { policy, schedule, targets } = plan;
  const run = context.identity.jobUid;
  // The list of volumes may be hours old by now.
  await assertNotReplaced(context, claim.metadata);
  const source = await resolveSource(context, claim, policy.spec.snapshot?.volumeSnapshotClassName);
  const labels = labelsOf(context, volume, "snapshot");
  const snapshot = await takeSnapshot(context, {
    name,
    pvc: { name: pvc, uid: claim.metadata.uid },
    className: source.snapshotClass,
    labels,
  });
  const isResumed = ({ spec }: RestorePoint) => spec.run === run && Date.parse(spec.time) === snapshot.time.getTime();
  const resumed = known.points.find(isResumed);
  await settleDeadPoints(context, known.points, (point) => point.spec.run === run && point !== resumed);
  if (schedule.type === "Mirror") assertNotHeld(known.points);
  const decision = chooseChain({
    type: schedule.type,
    // The storage's clock, which dated the snapshot, may be ahead.
    now: new Date(Math.min(snapshot.time.getTime(), context.now().getTime())),
    targets: targets.map(({ metadata }) => metadata.name),
    points: known.points.map(({ spec, status }) => ({ chain: spec.chain, copies: status?.copies ?? [] })),
    knownChains: known.knownChains,
    ...(resumed ? { resume: { chain: resumed.spec.chain, type: resumed.spec.type } } : {}),
  });
  const status = initialStatus({ targets, targetFailures: plan.targetFailures, now: context.now() });
  const point = await openPoint(
    context,
    {
      policy: policy.metadata.name,
      schedule: schedule.name,
      pvc: { name: pvc, uid: claim.metadata.uid },
      chain: decision.chain,
      type: decision.type,
      time: snapshot.time.toISOString(),
      run,
      source: sourceOf(claim),
    },
    status,
  );
  context.log.info({ pvc, point: point.metadata.name, chain: decision.message }, "opened a restore point");
  return { point, status, decision, source, snapshot };
}

/** Moves the snapshot's content to the targets. */
async function ship(context: RunContext, volume: VolumeRun, known: Known, open: OpenPoint): Promise<BackupResult> {
  const { plan, claim, name } = volume;
  const { point, source, snapshot, decision } = open;
  await makeClone(context, {
    name,
    labels: labelsOf(context, volume, "clone"),
    source: claim,
    storageClass: source.storageClass,
    snapshot,
  });
  return await moveData(context, {
    name,
    labels: labelsOf(context, volume, "mover"),
    claim: name,
    point,
    targets: plan.targets,
    decision,
    points: known.points,
    clusterUid: plan.clusterUid,
    selection: selectionOf(plan.policy.spec, claim),
    mirror: mirrorSettings(plan),
    deadHolders: known.deadHolders,
    options: plan.policy.spec.mover,
    nodeAffinity: source.nodeAffinity,
    tolerations: source.tolerations,
    onProgress: async (line) => {
      await writeStatus(context, point, { ...open.status, progress: progressOf(line, context.now()) });
    },
  });
}

function labelsOf({ identity }: RunContext, { plan, pvc }: VolumeRun, component: "snapshot" | "clone" | "mover") {
  const policy = plan.policy.metadata.name;
  return runLabels({ run: identity.jobUid, component, pvc, policy, schedule: plan.schedule.name });
}
