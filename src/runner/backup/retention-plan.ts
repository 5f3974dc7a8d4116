import type { BackupTarget, RestorePoint } from "../../api/objects.ts";
import type { Retention } from "../../api/policy.ts";
import type { CopyState } from "../../api/restorepoint.ts";
import type { ForgetConfig } from "../../contract/configs.ts";
import { forgetByChain, mirrorChain, newestChain } from "../../policy/chains.ts";
import { planRetention, type RetentionPoint } from "../../policy/retention.ts";
import { chainLocation, isInPlace } from "../location.ts";
import { isHeld, isStored, timeOfCopy } from "../points.ts";

/** What retention removes from one target, by chain. */
export type TargetRemoval = {
  readonly target: BackupTarget;
  readonly chains: readonly {
    readonly chain: string;
    /** Their snapshots go; empty where only the remains of a failed run are left in the chain. */
    readonly points: readonly RestorePoint[];
    /** Their copy has failed and left nothing but remains, which go with the repository. */
    readonly remains: readonly RestorePoint[];
    readonly dropWhenEmpty: boolean;
  }[];
};

type StoredPoint = RetentionPoint & { readonly point: RestorePoint };

/**
 * Decides what goes, on each of these targets by itself. `points` are those of one policy and one volume. Beside what the
 * rules no longer keep, that is the remains of failed runs in chains which nobody will add to.
 */
export function planRemovals(options: {
  readonly points: readonly RestorePoint[];
  /** The name of the point that this run has just written: it stays, whatever the clocks say of the others. */
  readonly current: string;
  readonly targets: readonly BackupTarget[];
  readonly rules: Retention | undefined;
  readonly timeZone: string;
  /** Where a chain is on a target now. Copies that lie elsewhere, since the target was changed, are left alone. */
  readonly repositoryOn: (target: BackupTarget, chain: string) => string;
}): readonly TargetRemoval[] {
  const { current, targets, rules, timeZone, repositoryOn } = options;
  // A mirror has no history to be pruned, and must not stand in for the newest good point of the chains.
  const points = options.points.filter(({ spec }) => spec.chain !== mirrorChain);
  const chainPoints = points.map(({ spec, status }) => ({ chain: spec.chain, copies: status?.copies ?? [] }));
  const newest = newestChain(
    chainPoints,
    targets.map(({ metadata }) => metadata.name),
  );
  return targets.flatMap((target) => {
    const name = target.metadata.name;
    const isHere = ({ spec, status }: RestorePoint): boolean => {
      const copy = status?.copies?.find((each) => each.target === name);
      return copy === undefined || isInPlace(copy, repositoryOn(target, spec.chain));
    };
    const { here = [], elsewhere = [] } = Object.groupBy(points, (point) => (isHere(point) ? "here" : "elsewhere"));
    const stored = here.flatMap((point) => storedOn(point, name));
    // A PVC that was made again under its name is another volume: it takes nothing from what there is of the one before.
    const volumes = Map.groupBy(stored, ({ point }) => point.spec.pvc.uid).values();
    const decisions = [...volumes].flatMap((ofVolume) => planRetention({ points: ofVolume, rules, timeZone }));
    const remove = new Set(decisions.filter(({ keep }) => !keep).map(({ point }) => point.id));
    remove.delete(current);
    // The same store may have got another name: then a chain is not empty where it looks so.
    const uncertain = new Set(elsewhere.map(({ spec }) => spec.chain));
    const removals = forgetByChain({ stored, remove, newest }).map(({ chain, points: gone, dropWhenEmpty }) => {
      const isDropped = dropWhenEmpty && !uncertain.has(chain);
      return {
        chain,
        points: gone.map(({ point }) => point),
        remains: isDropped ? failedIn(points, name, chain) : [],
        dropWhenEmpty: isDropped,
      };
    });
    const inUse = new Set([...stored.map(({ chain }) => chain), ...uncertain]);
    const chains = [...removals, ...remainsOnly(points, name, newest, inUse)];
    return chains.length > 0 ? [{ target, chains }] : [];
  });
}

function storedOn(point: RestorePoint, target: string): StoredPoint[] {
  const copy = point.status?.copies?.find((entry) => entry.target === target);
  if (!copy?.snapshot || !isStored(copy)) return [];
  return [
    {
      id: point.metadata.name,
      // Copies that were dated by a clock ahead must not push out those that came after them.
      time: new Date(timeOfCopy(point, copy)).toISOString(),
      chain: point.spec.chain,
      state: copy.state as "Good" | "Incomplete",
      verified: copy.verified?.result === "Passed",
      held: isHeld(point),
      point,
    },
  ];
}

const stateOn = (point: RestorePoint, target: string): CopyState | undefined =>
  point.status?.copies?.find((copy) => copy.target === target)?.state;

const failedIn = (points: readonly RestorePoint[], target: string, chain: string): readonly RestorePoint[] =>
  points.filter((point) => point.spec.chain === chain && stateOn(point, target) === "Failed");

/** Chains in which a target has nothing of ours but what failed runs left. */
function remainsOnly(
  points: readonly RestorePoint[],
  target: string,
  newest: string | undefined,
  stored: ReadonlySet<string>,
): TargetRemoval["chains"] {
  const chains = new Set(points.filter((point) => stateOn(point, target) === "Failed").map(({ spec }) => spec.chain));
  return [...chains]
    .filter((chain) => chain !== newest && !stored.has(chain))
    .sort()
    .map((chain) => ({ chain, points: [], remains: failedIn(points, target, chain), dropWhenEmpty: true }));
}

/** The mover's configuration for these removals. */
export function forgetConfigOf(options: {
  readonly removals: readonly TargetRemoval[];
  readonly namespace: string;
  readonly pvc: string;
  /** The policy's. */
  readonly rules: Retention | undefined;
  readonly lock: ForgetConfig["lock"];
}): ForgetConfig {
  const { removals, namespace, pvc, rules, lock } = options;
  return {
    targets: removals.map(({ target, chains }) => ({
      name: target.metadata.name,
      chains: chains.map(({ chain, points, dropWhenEmpty }) => ({
        chain,
        repository: chainLocation(target, namespace, pvc, chain),
        snapshots: points.flatMap(({ status }) =>
          (status?.copies ?? []).flatMap((copy) =>
            copy.target === target.metadata.name && copy.snapshot ? [copy.snapshot] : [],
          ),
        ),
        dropWhenEmpty,
      })),
    })),
    ...(rules?.maximumUnused !== undefined && { maxUnusedShare: rules.maximumUnused / 100 }),
    lock,
  };
}

/** How many points without any copy stay to be looked at. */
const keptFailures = 5;

/**
 * Points that have nothing in any store any more: those whose last copy was pruned go at once, of those that failed or whose
 * copies went missing the newest few stay, and all that are held or were verified: should the store come back, that must still count.
 */
export function emptyPoints(points: readonly RestorePoint[]): readonly RestorePoint[] {
  const empty = points.filter(({ status }) => {
    const copies = status?.copies ?? [];
    return status?.phase !== "InProgress" && !copies.some((copy) => isStored(copy) || copy.state === "InProgress");
  });
  const isPruned = ({ status }: RestorePoint): boolean =>
    (status?.copies ?? []).some(({ state, snapshot }) => state === "Pruned" && snapshot !== undefined);
  const failed = empty
    .filter((point) => !isPruned(point))
    .toSorted((a, b) => Date.parse(b.spec.time) - Date.parse(a.spec.time));
  const mayComeBack = ({ status }: RestorePoint): boolean =>
    (status?.copies ?? []).some(({ state }) => state === "Missing");
  const pruned = empty.filter((point) => isPruned(point) && !(mayComeBack(point) && isPrecious(point)));
  return [...pruned, ...failed.slice(keptFailures).filter((point) => !isPrecious(point))];
}

const isPrecious = (point: RestorePoint): boolean =>
  isHeld(point) ||
  (point.status?.copies ?? []).some(({ state, verified }) => state === "Missing" && verified?.result === "Passed");
