import { annotation } from "../../api/names.ts";
import type { BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import { durationSeconds } from "../../api/scalars.ts";
import type { PersistentVolumeClaim, StorageClass, Stored } from "../../kube/types.ts";
import {
  type Evidence,
  type PointEvidence,
  storeIdentity,
  type TargetEvidence,
  type TestEvidence,
  type VolumeEvidence,
} from "../../policy/evidence.ts";
import { type PolicyInput, targetNames } from "./input.ts";

/** The objects of a policy's namespace as plain evidence. `claims` are those that the policy matches. */
export function evidenceOf(input: PolicyInput, claims: readonly Stored<PersistentVolumeClaim>[]): Evidence {
  const { policy, points, targets, tests } = input;
  const { rpo, rto, verifiedWithin } = policy.spec.objectives;
  return {
    volumes: claims.map((claim) => volumeEvidence(claim, input.storageClasses)),
    targets: targetNames(policy).map((name) =>
      targetEvidence(
        name,
        targets.find((target) => target.metadata.name === name),
      ),
    ),
    points: points.map(pointEvidence),
    tests: [...points.flatMap(verifiedCopies), ...tests.flatMap(testResults)],
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

/** What a verdict needs to know of a target; of one whose object is missing, that it is in no store. */
export function targetEvidence(name: string, target: BackupTarget | undefined): TargetEvidence {
  if (!target) return { name, media: "", offsite: false };
  const { s3, media, offsite, maxAge } = target.spec;
  return {
    name,
    media,
    offsite,
    ...(maxAge === undefined ? {} : { maxAgeSeconds: durationSeconds(maxAge) }),
    store: storeIdentity(s3),
  };
}

const pointEvidence = ({ metadata, spec, status }: RestorePoint): PointEvidence => ({
  name: metadata.name,
  pvc: spec.pvc.name,
  pvcUid: spec.pvc.uid,
  time: spec.time,
  copies: (status?.copies ?? []).map(({ target, state }) => ({ target, state })),
});

const verifiedCopies = ({ metadata, spec, status }: RestorePoint): readonly TestEvidence[] =>
  (status?.copies ?? []).flatMap(({ target, verified }) =>
    verified ? [{ ...verified, target, pvc: spec.pvc.name, restorePoint: metadata.name }] : [],
  );

const testResults = ({ metadata, status }: RestoreTest): readonly TestEvidence[] =>
  (status?.results ?? []).map(({ pvc, target, result, time, restoreSeconds, restorePoint, message }) => ({
    pvc,
    target,
    result,
    time,
    restoreSeconds,
    restorePoint,
    restoreTest: metadata.name,
    ...(result === "Failed" ? { message } : {}),
  }));
