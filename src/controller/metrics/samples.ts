import type { BackupPolicy, BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import { durationSeconds } from "../../api/scalars.ts";
import type { PersistentVolumeClaim, Stored } from "../../kube/types.ts";
import { notJudged } from "../policy/unjudged.ts";
import { readablePoints, readableTargets, readableTests, readPolicy } from "../readable.ts";
import type { MetricName } from "./catalogue.ts";
import { count, instantSample, type Sample } from "./sample.ts";
import { volumeSamples } from "./volume-samples.ts";

/** Objects as the caches have them: some may not be of this version. */
export type MetricObjects = {
  readonly policies: readonly BackupPolicy[];
  readonly targets: readonly BackupTarget[];
  readonly points: readonly RestorePoint[];
  readonly tests: readonly RestoreTest[];
  readonly claims: readonly Stored<PersistentVolumeClaim>[];
};

/** Whose numbers could not be told, and why. */
export type OnSampleError = (about: BackupPolicy | BackupTarget, error: unknown) => void;

/**
 * All that objects say in numbers, at this moment. What has no object any more has no sample. An object that cannot be understood costs its own
 * samples, and no other's.
 */
export function collectSamples(
  objects: MetricObjects,
  now: Date,
  onError: OnSampleError = () => undefined,
): readonly Sample[] {
  const points = Map.groupBy(readablePoints(objects.points), ({ metadata, spec }) =>
    keyOf(metadata.namespace, spec.policy),
  );
  const tests = Map.groupBy(readableTests(objects.tests), ({ metadata, spec }) =>
    keyOf(metadata.namespace, spec.policyRef.name),
  );
  const targets = Map.groupBy(readableTargets(objects.targets), ({ metadata }) => metadata.namespace);
  const claims = new Map(
    objects.claims.map((claim) => [keyOf(claim.metadata.namespace, claim.metadata.name), claim] as const),
  );
  return [
    ...objects.policies.flatMap((policy) => {
      const { namespace, name } = policy.metadata;
      const key = keyOf(namespace, name);
      const volumes = Map.groupBy(points.get(key) ?? [], ({ spec }) => spec.pvc.name);
      const around = { targets: targets.get(namespace) ?? [], tests: tests.get(key) ?? [], now };
      const attempt = (collect: () => readonly Sample[]) => attemptOf(policy, collect, onError);
      return [
        ...attempt(() => policySamples(policy)),
        ...[...volumes].flatMap(([pvc, ofVolume]) =>
          attempt(() => {
            const claim = claims.get(keyOf(namespace, pvc));
            const of = { ...around, policy: readPolicy(policy), claim, points: ofVolume };
            return volumeSamples(of, { namespace, policy: name, pvc });
          }),
        ),
      ];
    }),
    ...objects.targets.flatMap((target) => attemptOf(target, () => targetSamples(target), onError)),
  ];
}

const keyOf = (namespace: string | undefined, name: string): string => `${namespace}/${name}`;

function attemptOf(
  about: BackupPolicy | BackupTarget,
  collect: () => readonly Sample[],
  onError: OnSampleError,
): readonly Sample[] {
  try {
    return collect();
  } catch (error) {
    onError(about, error);
    return [];
  }
}

/** Of a policy that cannot be read or judged any more its status still tells: what was judged before is `Unknown` there. */
function policySamples(raw: BackupPolicy): readonly Sample[] {
  const { metadata, status } = raw;
  const labels = { namespace: metadata.namespace, policy: metadata.name };
  const policy = readPolicy(raw);
  const conditions = status?.conditions ?? [];
  const rpo = conditions.find(({ type }) => type === "RPOMet");
  return [
    { name: "holdfast_policy_understood", labels, value: policy && rpo?.reason !== notJudged ? 1 : 0 },
    ...durationSample("holdfast_rpo_seconds", labels, policy?.spec.objectives.rpo),
    ...durationSample("holdfast_rto_seconds", labels, policy?.spec.objectives.rto),
    ...(rpo ? [{ name: "holdfast_rpo_met", labels, value: rpo.status === "True" ? 1 : 0 } as const] : []),
    ...instantSample("holdfast_next_run_timestamp_seconds", labels, policy && status?.nextTime),
    ...count("holdfast_volumes", labels, status?.volumes),
    ...conditionSamples("holdfast_policy_condition", labels, conditions),
  ];
}

const targetSamples = ({ metadata, status }: BackupTarget): readonly Sample[] =>
  conditionSamples(
    "holdfast_target_condition",
    { namespace: metadata.namespace, target: metadata.name },
    status?.conditions ?? [],
  );

/** One series for each status that a condition can have, of which one is 1. */
const conditionSamples = (
  name: MetricName,
  labels: Sample["labels"],
  conditions: readonly { readonly type: string; readonly status: string }[],
): readonly Sample[] =>
  conditions.flatMap(({ type, status }) =>
    ["True", "False", "Unknown"].map((one) => ({
      name,
      labels: { ...labels, type, status: one },
      value: one === status ? 1 : 0,
    })),
  );

const durationSample = (name: MetricName, labels: Sample["labels"], duration: string | undefined): readonly Sample[] =>
  duration === undefined ? [] : [{ name, labels, value: durationSeconds(duration) }];
