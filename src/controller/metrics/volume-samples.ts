import type { BackupPolicy, BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { Copy } from "../../api/restorepoint.ts";
import type { TestResult } from "../../api/restoretest.ts";
import { durationSeconds } from "../../api/scalars.ts";
import type { PersistentVolumeClaim, Stored } from "../../kube/types.ts";
import { ageLimitSeconds, clockSkewMilliseconds, copyTime } from "../../policy/copies.ts";
import { type CopyKind, copyKind, copyKindsOn } from "../../policy/copy-kind.ts";
import { isOfCopyInPlace, isWhereTargetIs, kindOfResult, resultOfCopy, targetEvidence } from "../policy/evidence.ts";
import { targetNames } from "../policy/input.ts";
import { count, instantSample, type Sample } from "./sample.ts";

export type OfVolume = {
  /** `undefined` where it cannot be read: then nobody knows how old its copies may be. */
  readonly policy: BackupPolicy | undefined;
  /** Of its namespace, as the two below. */
  readonly targets: readonly BackupTarget[];
  /** The PVC that has the volume's name today. */
  readonly claim: Stored<PersistentVolumeClaim> | undefined;
  /** All that the policy made of PVCs of this name. */
  readonly points: readonly RestorePoint[];
  /** The policy's. */
  readonly tests: readonly RestoreTest[];
  readonly now: Date;
};

export type VolumeLabels = { readonly namespace: string; readonly policy: string; readonly pvc: string };
type CopyLabels = VolumeLabels & { readonly target: string };

/** What one volume of a policy says in numbers. A PVC that was made again under its name is another volume, of which older points say nothing. */
export function volumeSamples(of: OfVolume, labels: VolumeLabels): readonly Sample[] {
  const { claim, now } = of;
  const points = of.points.filter(({ spec }) => claim === undefined || spec.pvc.uid === claim.metadata.uid);
  const [newest] = points
    .filter(({ status }) => status?.phase !== undefined && status.phase !== "InProgress")
    .map((point) => ({ status: point.status, time: copyTime(point.spec.time, point.status?.completionTime) }))
    .filter(({ time }) => time <= now.getTime() + clockSkewMilliseconds)
    .toSorted((a, b) => b.time - a.time);
  const targets = [...new Set(points.flatMap(({ status }) => status?.copies?.map(({ target }) => target) ?? []))];
  return [
    ...count("holdfast_backup_duration_seconds", labels, newest?.status?.durationSeconds),
    ...count("holdfast_backup_size_bytes", labels, newest?.status?.size),
    ...count("holdfast_backup_bytes_read", labels, newest?.status?.bytesRead),
    ...count("holdfast_backup_files", labels, newest?.status?.files),
    ...count("holdfast_backup_errors", labels, newest?.status?.errors),
    ...count("holdfast_backup_left_out_entries", labels, newest?.status?.leftOut?.entries),
    ...targets.flatMap((target) => targetOfVolumeSamples(of, { ...labels, target }, points)),
  ];
}

function targetOfVolumeSamples(of: OfVolume, labels: CopyLabels, points: readonly RestorePoint[]): readonly Sample[] {
  const latest = of.now.getTime() + clockSkewMilliseconds;
  const good = points.flatMap((point) => {
    const copy = point.status?.copies?.find(({ target }) => target === labels.target);
    return copy?.state === "Good" && isWhereTargetIs(point, copy, of.targets)
      ? [
          {
            copy,
            kind: copyKind(point.spec.type),
            pointTime: point.spec.time,
            time: copyTime(point.spec.time, copy.completionTime),
          },
        ]
      : [];
  });
  const [newest] = good.filter(({ time }) => time <= latest).toSorted((a, b) => b.time - a.time);
  const passed = [
    ...good.flatMap(({ copy: { verified }, kind }) => (verified ? [{ ...verified, kind }] : [])),
    ...resultsOf(of, labels),
  ].filter(({ result, time }) => result === "Passed" && Date.parse(time) <= latest);
  const proof = weakestProof(passed, of.policy ? copyKindsOn(of.policy.spec.schedules, labels.target) : []);
  return [
    { name: "holdfast_restore_points", labels, value: good.length },
    ...count("holdfast_backup_age_limit_seconds", labels, limitOf(of, labels.target)),
    ...(newest ? newestCopySamples(labels, newest, of.now) : []),
    ...instantSample("holdfast_last_verified_timestamp_seconds", labels, proof?.time),
    ...count("holdfast_restore_duration_seconds", labels, proof?.restoreSeconds),
  ];
}

type Proof = { readonly kind: CopyKind; readonly time: string; readonly restoreSeconds?: number | undefined };

/**
 * What can be said of all kinds of copies that have to be proven: the time of the one whose last proof is longest ago, and the longest
 * restore. `undefined` while one of them was never proven. Where nothing has to be, the last proof of any counts.
 */
function weakestProof(passed: readonly Proof[], kinds: readonly CopyKind[]): Omit<Proof, "kind"> | undefined {
  const newestFirst = passed.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  if (kinds.length === 0) return newestFirst[0];
  const proofs = kinds.flatMap((kind) => newestFirst.find((proof) => proof.kind === kind) ?? []);
  const oldest = proofs.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time))[0];
  if (!oldest || proofs.length < kinds.length) return undefined;
  const seconds = proofs.flatMap(({ restoreSeconds }) => restoreSeconds ?? []);
  return { time: oldest.time, ...(seconds.length > 0 && { restoreSeconds: Math.max(...seconds) }) };
}

/** How old the data on a target may be. Where the policy no longer copies, nothing gets younger, and nobody asks that it does. */
function limitOf({ policy, targets }: OfVolume, name: string): number | undefined {
  const target = targets.find(({ metadata }) => metadata.name === name);
  if (!policy || !target || !targetNames(policy).includes(name)) return undefined;
  return ageLimitSeconds(targetEvidence(policy, name, target), {
    rpoSeconds: durationSeconds(policy.spec.objectives.rpo),
  });
}

function newestCopySamples(
  labels: CopyLabels,
  { copy, pointTime, time }: { readonly copy: Copy; readonly pointTime: string; readonly time: number },
  now: Date,
): readonly Sample[] {
  return [
    ...count("holdfast_backup_age_seconds", labels, (now.getTime() - time) / 1000),
    ...instantSample("holdfast_last_success_timestamp_seconds", labels, copy.completionTime ?? pointTime),
    ...count("holdfast_backup_bytes_added", labels, copy.bytesAdded),
    ...count("holdfast_backup_bytes_stored", labels, copy.bytesStored),
    ...count("holdfast_retention_bytes_freed", labels, copy.bytesFreed),
  ];
}

/** What RestoreTests say of this very volume on a target, of copies that lie where the target is. */
function resultsOf(of: OfVolume, { pvc, target }: CopyLabels): readonly (TestResult & { readonly kind: CopyKind })[] {
  const byName = new Map(of.points.map((point) => [point.metadata.name, point]));
  return of.tests
    .flatMap(({ status }) => status?.results ?? [])
    .filter((result) => result.pvc === pvc && result.target === target)
    .filter((result) => isOfVolume(result, of.claim, byName) && isOfCopyInPlace(result, byName, of.targets))
    .map((tested) => ({
      ...tested,
      result: resultOfCopy(tested),
      kind: kindOfResult(tested, byName, of.policy?.spec.schedules ?? []),
    }));
}

function isOfVolume(
  { restorePoint, time }: TestResult,
  claim: OfVolume["claim"],
  points: ReadonlyMap<string, RestorePoint>,
): boolean {
  if (!claim) return true;
  const uid = points.get(restorePoint ?? "")?.spec.pvc.uid;
  return (
    (uid ?? claim.metadata.uid) === claim.metadata.uid &&
    Date.parse(time) >= Date.parse(claim.metadata.creationTimestamp)
  );
}
