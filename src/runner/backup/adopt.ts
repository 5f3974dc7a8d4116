import type { RestorePoint } from "../../api/objects.ts";
import type { Copy, RestorePointSpec, RestorePointStatus } from "../../api/restorepoint.ts";
import type { BackupResult } from "../../contract/results.ts";
import { incompleteTag } from "../../repository/types.ts";
import { isStored } from "../points.ts";
import { phaseOf } from "./status.ts";
import { decodeTags, type SnapshotTags } from "./tags.ts";

/**
 * The difference between the restore points of a volume and what the store really holds: snapshots without an object, from runs that
 * died before they wrote it or whose object was deleted, and objects without a snapshot.
 */
export type Findings = {
  readonly updates: readonly { readonly point: RestorePoint; readonly status: RestorePointStatus }[];
  readonly creations: readonly {
    readonly name: string;
    readonly spec: RestorePointSpec;
    readonly status: RestorePointStatus;
  }[];
};

type Unknown = NonNullable<BackupResult["targets"][number]["unknown"]>[number];
type Found = { readonly target: string; readonly snapshot: Unknown; readonly tags: SnapshotTags };

/** Compares what the mover's inventory found with the points of this policy and volume. Snapshots of another cluster are left alone. */
export function compareWithStore(options: {
  readonly result: BackupResult;
  /** Of this policy and volume, without the one this run makes. */
  readonly points: readonly RestorePoint[];
  /** The name of that one: its snapshots are no news. */
  readonly current: string;
  /** The chain that it belongs to. */
  readonly chain: string;
  readonly clusterUid: string;
  readonly pvc: string;
  /** Where a chain is on a target, as plain restic takes it. */
  readonly repositoryOn: (target: string, chain: string) => string;
  /** For points that have to be made again: the PVC as it is now, as nobody knows how it was then. */
  readonly source: RestorePointSpec["source"];
  readonly now: Date;
}): Findings {
  const { result, clusterUid } = options;
  const statuses = new Map<string, { point: RestorePoint; status: RestorePointStatus }>();
  const statusOf = (point: RestorePoint): RestorePointStatus =>
    statuses.get(point.metadata.name)?.status ?? point.status ?? {};
  const creations = new Map<string, Findings["creations"][number]>();

  for (const outcome of result.targets) {
    for (const point of options.points) {
      const status = withMissing(
        statusOf(point),
        outcome.target,
        missingIn(point, options.chain, outcome),
        options.now,
      );
      if (status) statuses.set(point.metadata.name, { point, status });
    }
  }
  for (const found of result.targets.flatMap(foundOn)) {
    if (found.tags.cluster !== clusterUid || found.tags.point === options.current) continue;
    const copy = copyOf(found, options.repositoryOn(found.target, found.snapshot.chain));
    const point = options.points.find(({ metadata }) => metadata.name === found.tags.point);
    if (point) {
      statuses.set(point.metadata.name, { point, status: withCopy(statusOf(point), copy) });
      continue;
    }
    const { name, spec, status } = creations.get(found.tags.point) ?? newPoint(found, options);
    // A target that had nothing yet holds a Full, whatever the run was to be: the others know better.
    const type = spec.type === "Full" ? found.tags.type : spec.type;
    creations.set(name, { name, spec: { ...spec, type }, status: withCopy(status, copy) });
  }
  return { updates: [...statuses.values()], creations: [...creations.values()] };
}

function foundOn({ target, unknown = [] }: BackupResult["targets"][number]): Found[] {
  return unknown.flatMap((snapshot) => {
    const tags = decodeTags(snapshot.tags);
    return tags ? [{ target, snapshot, tags }] : [];
  });
}

function copyOf({ target, snapshot, tags }: Found, repository: string): Copy {
  const incomplete = snapshot.tags.includes(incompleteTag);
  return {
    target,
    state: incomplete ? "Incomplete" : "Good",
    type: tags.type,
    repository,
    snapshot: snapshot.snapshot,
    message: "found in the repository by a later run",
    ...(incomplete ? { reason: "ReadErrors" } : {}),
  };
}

function newPoint({ snapshot, tags }: Found, options: { pvc: string; source: RestorePointSpec["source"]; now: Date }) {
  const spec: RestorePointSpec = {
    policy: tags.policy,
    schedule: tags.schedule,
    pvc: { name: options.pvc, uid: tags.pvcUid },
    chain: snapshot.chain,
    type: tags.type,
    time: new Date(snapshot.time).toISOString(),
    run: tags.run,
    source: options.source,
  };
  return { name: tags.point, spec, status: { completionTime: options.now.toISOString() } as RestorePointStatus };
}

function withCopy(status: RestorePointStatus, copy: Copy): RestorePointStatus {
  const copies = [...(status.copies ?? []).filter(({ target }) => target !== copy.target), copy];
  return {
    ...status,
    phase: phaseOf(copies),
    message: "adopted: a snapshot of it was found in the repository",
    copies,
  };
}

/**
 * Whether a copy of this point is known to be gone. A store that answered and has no repository where the chain was has lost all of
 * the chain at once; else the inventory names the snapshots.
 */
function missingIn(point: RestorePoint, chain: string, outcome: BackupResult["targets"][number]) {
  const isLostChain = outcome.reason === "RepositoryNotFound" && point.spec.chain === chain;
  return ({ snapshot, state }: Copy): boolean =>
    snapshot !== undefined && (isLostChain ? isStored({ state }) : outcome.missing?.includes(snapshot) === true);
}

function withMissing(
  status: RestorePointStatus,
  target: string,
  isGone: (copy: Copy) => boolean,
  now: Date,
): RestorePointStatus | undefined {
  const isMissing = (copy: Copy): boolean => copy.target === target && isGone(copy);
  if (!status.copies?.some(isMissing)) return undefined;
  const message = `the run at ${now.toISOString()} did not find this snapshot in the repository any more`;
  const copies = status.copies.map((copy): Copy => (isMissing(copy) ? { ...copy, state: "Missing", message } : copy));
  return { ...status, copies };
}
