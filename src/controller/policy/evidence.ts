import { annotation } from "../../api/names.ts";
import type { BackupPolicy, BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { Schedule } from "../../api/policy.ts";
import type { Copy } from "../../api/restorepoint.ts";
import type { TestResult } from "../../api/restoretest.ts";
import { durationSeconds } from "../../api/scalars.ts";
import type { PersistentVolumeClaim, StorageClass, Stored } from "../../kube/types.ts";
import { type CopyKind, copyKind, copyKindsOn } from "../../policy/copy-kind.ts";
import {
  type Evidence,
  type PointEvidence,
  storeIdentity,
  type TargetEvidence,
  type TestEvidence,
  type VolumeEvidence,
} from "../../policy/evidence.ts";
import { runReason } from "../../runner/contract.ts";
import { isInPlace, resticRepository } from "../../runner/location.ts";
import { type PolicyInput, targetNames } from "./input.ts";

/** The objects of a policy's namespace as plain evidence. `claims` are those that the policy matches. */
export function evidenceOf(input: PolicyInput, claims: readonly Stored<PersistentVolumeClaim>[]): Evidence {
  const { policy, points, targets, tests } = input;
  const { rpo, rto, verifiedWithin } = policy.spec.objectives;
  const inPlace = points.map((point) => withCopiesInPlace(point, targets));
  const byName = new Map(points.map((point) => [point.metadata.name, point]));
  return {
    volumes: claims.map((claim) => volumeEvidence(claim, input.storageClasses)),
    targets: targetNames(policy).map((name) =>
      targetEvidence(
        policy,
        name,
        targets.find((target) => target.metadata.name === name),
      ),
    ),
    points: inPlace.map(pointEvidence),
    tests: [...inPlace.flatMap(verifiedCopies), ...tests.flatMap((test) => testResults(test, byName, input))],
    objectives: {
      rpoSeconds: durationSeconds(rpo),
      ...(rto === undefined ? {} : { rtoSeconds: durationSeconds(rto) }),
      verifiedWithinSeconds: durationSeconds(verifiedWithin),
    },
  };
}

const defaultMedium = "disk";

function volumeEvidence(
  { metadata, spec, status }: Stored<PersistentVolumeClaim>,
  storageClasses: readonly Stored<StorageClass>[],
): VolumeEvidence {
  const storageClass = storageClasses.find((present) => present.metadata.name === spec?.storageClassName);
  return {
    pvc: metadata.name,
    uid: metadata.uid,
    created: metadata.creationTimestamp,
    bound: status?.phase === "Bound",
    medium: storageClass?.metadata.annotations?.[annotation.media] ?? defaultMedium,
  };
}

/** What a verdict on a policy needs to know of a target; of one whose object is missing, that it is in no store. */
export function targetEvidence(policy: BackupPolicy, name: string, target: BackupTarget | undefined): TargetEvidence {
  const kinds = copyKindsOn(policy.spec.schedules, name);
  if (!target) return { name, media: "", offsite: false, kinds };
  const { s3, media, offsite, maxAge } = target.spec;
  return {
    name,
    media,
    offsite,
    kinds,
    ...(maxAge === undefined ? {} : { maxAgeSeconds: durationSeconds(maxAge) }),
    store: storeIdentity(s3),
  };
}

/** Without the copies that lie where their target was before it was changed: where it is now, nobody knows of them. */
function withCopiesInPlace(point: RestorePoint, targets: readonly BackupTarget[]): RestorePoint {
  const copies = point.status?.copies?.filter((copy) => isWhereTargetIs(point, copy, targets));
  return copies ? { ...point, status: { ...point.status, copies } } : point;
}

/** Whether a copy of the point lies where its target is now; also of a target that is not there any more, which proves nothing anyhow. */
export function isWhereTargetIs(
  { metadata, spec }: RestorePoint,
  copy: Copy,
  targets: readonly BackupTarget[],
): boolean {
  const target = targets.find(({ metadata: { name } }) => name === copy.target);
  return (
    target === undefined || isInPlace(copy, resticRepository(target, metadata.namespace, spec.pvc.name, spec.chain))
  );
}

/** Whether a test restored a copy that is where its target is now. Of a point that is not there any more only the name is known, which is believed. */
export function isOfCopyInPlace(
  { restorePoint, target }: Pick<TestResult, "restorePoint" | "target">,
  points: ReadonlyMap<string, RestorePoint>,
  targets: readonly BackupTarget[],
): boolean {
  const point = points.get(restorePoint ?? "");
  const copy = point?.status?.copies?.find((each) => each.target === target);
  return point === undefined || copy === undefined || isWhereTargetIs(point, copy, targets);
}

const pointEvidence = ({ metadata, spec, status }: RestorePoint): PointEvidence => ({
  name: metadata.name,
  pvc: spec.pvc.name,
  pvcUid: spec.pvc.uid,
  kind: copyKind(spec.type),
  time: spec.time,
  copies: (status?.copies ?? []).map(({ target, state, completionTime }) => ({
    target,
    state,
    ...(completionTime === undefined ? {} : { completed: completionTime }),
  })),
});

const verifiedCopies = ({ metadata, spec, status }: RestorePoint): readonly TestEvidence[] =>
  (status?.copies ?? []).flatMap(({ target, verified }) => {
    if (!verified) return [];
    const kind = copyKind(spec.type);
    return [{ ...verified, target, kind, pvc: spec.pvc.name, pvcUid: spec.pvc.uid, restorePoint: metadata.name }];
  });

const testResults = (
  { metadata, status }: RestoreTest,
  points: ReadonlyMap<string, RestorePoint>,
  { policy, targets }: Pick<PolicyInput, "policy" | "targets">,
): readonly TestEvidence[] =>
  (status?.results ?? [])
    .filter((result) => isOfCopyInPlace(result, points, targets))
    .map((tested) => {
      const { pvc, target, time, restoreSeconds, restorePoint, message } = tested;
      const result = resultOfCopy(tested);
      const pvcUid = points.get(restorePoint ?? "")?.spec.pvc.uid;
      return {
        pvc,
        ...(pvcUid === undefined ? {} : { pvcUid }),
        target,
        kind: kindOfResult(tested, points, policy.spec.schedules),
        result,
        time,
        restoreSeconds,
        restorePoint,
        restoreTest: metadata.name,
        ...(result === "Failed" ? { message } : {}),
      };
    });

/**
 * What a test says of the copy that it restored. One that failed only for want of a newer copy has compared this one, and found it good; nothing
 * else tells so once the point is gone.
 */
export const resultOfCopy = ({ result, reason }: Pick<TestResult, "result" | "reason">): TestResult["result"] =>
  reason === runReason.restorePointTooOld ? "Passed" : result;

/**
 * What a test restored. What older versions wrote does not say it; if its point is gone as well, it is taken for what the policy makes there, and
 * for one of a chain where that is both or nothing.
 */
export function kindOfResult(
  { kind, restorePoint, target }: Pick<TestResult, "kind" | "restorePoint" | "target">,
  points: ReadonlyMap<string, RestorePoint>,
  schedules: readonly Schedule[],
): CopyKind {
  if (kind) return kind;
  const point = points.get(restorePoint ?? "");
  return point ? copyKind(point.spec.type) : (copyKindsOn(schedules, target)[0] ?? "chain");
}
