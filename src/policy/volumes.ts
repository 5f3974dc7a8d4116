import { annotation, label } from "../api/names.ts";
import type { LabelSelector, PolicySpec } from "../api/policy.ts";

/** A PVC, as far as its choice depends on it. */
export interface ClaimMeta {
  readonly metadata: {
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface VolumeChoice<Claim> {
  /** By name. */
  readonly matching: readonly Claim[];
  /** Names in `spec.volumes.names` that no PVC has. */
  readonly missing: readonly string[];
  /** Names in `spec.volumes.names` whose PVC is being deleted: it may still be mounted, and is backed up no more. */
  readonly leaving: readonly string[];
}

/**
 * The PVCs of a namespace that a policy backs up: those selected and those named, together. Left out are those with the annotation
 * `holdfast.dev/exclude` (unless it says `false`), those being deleted, and the temporary volumes of runs.
 */
export function chooseVolumes<Claim extends ClaimMeta>(
  volumes: PolicySpec["volumes"],
  claims: readonly Claim[],
): VolumeChoice<Claim> {
  const names = volumes.names ?? [];
  const matching = claims
    .filter((claim) => isCandidate(claim))
    .filter(
      ({ metadata }) =>
        names.includes(metadata.name) ||
        (volumes.selector !== undefined && matchesSelector(volumes.selector, metadata.labels ?? {})),
    )
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const byName = new Map(claims.map((claim) => [claim.metadata.name, claim]));
  return {
    matching,
    missing: names.filter((name) => !byName.has(name)),
    leaving: names.filter((name) => byName.get(name)?.metadata.deletionTimestamp !== undefined),
  };
}

function isCandidate({ metadata }: ClaimMeta): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (metadata.labels?.[label.run] !== undefined) return false;
  return (metadata.annotations?.[annotation.exclude] ?? "false") === "false";
}

/** Whether labels match a Kubernetes label selector. All its requirements must hold; one without any matches everything. */
export function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return equal && (selector.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels));
}

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number];

function matchesExpression(
  { key, operator, values = [] }: Expression,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
  }
}
