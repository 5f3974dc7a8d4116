import type { BackupPolicy, BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { Copy } from "../../api/restorepoint.ts";
import { durationSeconds } from "../../api/scalars.ts";
import { ageLimitSeconds, copyTime } from "../../policy/copies.ts";
import { isOfCopyInPlace, isWhereTargetIs, targetEvidence } from "../policy/evidence.ts";
import type { MetricName } from "./catalogue.ts";

/** One number of one metric. */
export type Sample = {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export type MetricObjects = {
  readonly policies: readonly BackupPolicy[];
  readonly targets: readonly BackupTarget[];
  readonly points: readonly RestorePoint[];
  readonly tests: readonly RestoreTest[];
};

/** All that objects say in numbers, at this moment. What has no object any more has no sample. */
export function collectSamples(objects: MetricObjects, now: Date): readonly Sample[] {
  const points = Map.groupBy(objects.points, ({ metadata, spec }) => `${metadata.namespace}/${spec.policy}`);
  const tests = Map.groupBy(objects.tests, ({ metadata, spec }) => `${metadata.namespace}/${spec.policyRef.name}`);
  const targets = Map.groupBy(objects.targets, ({ metadata }) => metadata.namespace);
  return [
    ...objects.policies.flatMap((policy) => {
      const { namespace, name } = policy.metadata;
      const key = `${namespace}/${name}`;
      return policySamples({
        policy,
        targets: targets.get(namespace) ?? [],
        points: points.get(key) ?? [],
        tests: tests.get(key) ?? [],
        now,
      });
    }),
    ...objects.targets.flatMap(targetSamples),
  ];
}

type OfPolicy = {
  readonly policy: BackupPolicy;
  /** Of its namespace. */
  readonly targets: readonly BackupTarget[];
  readonly points: readonly RestorePoint[];
  readonly tests: readonly RestoreTest[];
  readonly now: Date;
};

function policySamples(of: OfPolicy): readonly Sample[] {
  const { policy, points } = of;
  const labels = { namespace: policy.metadata.namespace, policy: policy.metadata.name };
  const { objectives } = policy.spec;
  const conditions = policy.status?.conditions ?? [];
  const rpo = conditions.find(({ type }) => type === "RPOMet");
  const volumes = Map.groupBy(points, ({ spec }) => spec.pvc.name);
  return [
    { name: "holdfast_rpo_seconds", labels, value: durationSeconds(objectives.rpo) },
    ...(objectives.rto
      ? [{ name: "holdfast_rto_seconds", labels, value: durationSeconds(objectives.rto) } as const]
      : []),
    ...(rpo ? [{ name: "holdfast_rpo_met", labels, value: rpo.status === "True" ? 1 : 0 } as const] : []),
    ...instantSample("holdfast_next_run_timestamp_seconds", labels, policy.status?.nextTime),
    ...count("holdfast_volumes", labels, policy.status?.volumes),
    ...conditionSamples("holdfast_policy_condition", labels, conditions),
    ...[...volumes].flatMap(([pvc, ofVolume]) => volumeSamples(of, { ...labels, pvc }, ofVolume)),
  ];
}

type VolumeLabels = { readonly namespace: string; readonly policy: string; readonly pvc: string };

function volumeSamples(of: OfPolicy, labels: VolumeLabels, points: readonly RestorePoint[]): readonly Sample[] {
  const newestFirst = points.toSorted((a, b) => Date.parse(b.spec.time) - Date.parse(a.spec.time));
  const newest = newestFirst.find(({ status }) => status?.phase !== undefined && status.phase !== "InProgress");
  const targets = [...new Set(points.flatMap(({ status }) => status?.copies?.map(({ target }) => target) ?? []))];
  return [
    ...count("holdfast_backup_duration_seconds", labels, newest?.status?.durationSeconds),
    ...count("holdfast_backup_size_bytes", labels, newest?.status?.size),
    ...count("holdfast_backup_bytes_read", labels, newest?.status?.bytesRead),
    ...count("holdfast_backup_files", labels, newest?.status?.files),
    ...count("holdfast_backup_errors", labels, newest?.status?.errors),
    ...count("holdfast_backup_left_out_entries", labels, newest?.status?.leftOut?.entries),
    ...targets.flatMap((target) => targetOfVolumeSamples(of, { ...labels, target }, newestFirst)),
  ];
}

function targetOfVolumeSamples(
  { policy, targets, tests, now }: OfPolicy,
  labels: VolumeLabels & { readonly target: string },
  newestFirst: readonly RestorePoint[],
): readonly Sample[] {
  const copies = newestFirst.flatMap((point) => {
    const copy = point.status?.copies?.find(({ target }) => target === labels.target);
    return copy && isWhereTargetIs(point, copy, targets) ? [{ time: point.spec.time, copy }] : [];
  });
  const target = targets.find(({ metadata }) => metadata.name === labels.target);
  const objectives = { rpoSeconds: durationSeconds(policy.spec.objectives.rpo) };
  const ageLimit = target && ageLimitSeconds(targetEvidence(labels.target, target), objectives);
  const good = copies
    .filter(({ copy }) => copy.state === "Good")
    .toSorted((a, b) => copyTime(b.time, b.copy.completionTime) - copyTime(a.time, a.copy.completionTime));
  const [newest] = good;
  const byName = new Map(newestFirst.map((point) => [point.metadata.name, point]));
  const results = resultsOf(tests, labels).filter((result) => isOfCopyInPlace(result, byName, targets));
  const proofs = [...good.flatMap(({ copy }) => copy.verified ?? []), ...results]
    .filter(({ result }) => result === "Passed")
    .toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  return [
    { name: "holdfast_restore_points", labels, value: good.length },
    ...count("holdfast_backup_age_limit_seconds", labels, ageLimit),
    ...(newest ? newestCopySamples(labels, newest, now) : []),
    ...instantSample("holdfast_last_verified_timestamp_seconds", labels, proofs[0]?.time),
    ...count("holdfast_restore_duration_seconds", labels, proofs[0]?.restoreSeconds),
  ];
}

function newestCopySamples(
  labels: Sample["labels"],
  { time, copy }: { readonly time: string; readonly copy: Copy },
  now: Date,
): readonly Sample[] {
  return [
    {
      name: "holdfast_backup_age_seconds",
      labels,
      value: (now.getTime() - copyTime(time, copy.completionTime)) / 1000,
    },
    ...instantSample("holdfast_last_success_timestamp_seconds", labels, copy.completionTime ?? time),
    ...count("holdfast_backup_bytes_added", labels, copy.bytesAdded),
    ...count("holdfast_backup_bytes_stored", labels, copy.bytesStored),
    ...count("holdfast_retention_bytes_freed", labels, copy.bytesFreed),
  ];
}

const resultsOf = (tests: readonly RestoreTest[], { pvc, target }: { readonly pvc: string; readonly target: string }) =>
  tests.flatMap(({ status }) =>
    (status?.results ?? []).filter((result) => result.pvc === pvc && result.target === target),
  );

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

const count = (name: MetricName, labels: Sample["labels"], value: number | undefined): readonly Sample[] =>
  value === undefined ? [] : [{ name, labels, value }];

const instantSample = (name: MetricName, labels: Sample["labels"], instant: string | undefined): readonly Sample[] =>
  instant === undefined ? [] : [{ name, labels, value: Date.parse(instant) / 1000 }];
