import type { BackupType } from "../api/policy.ts";
import type { CopyState } from "../api/restorepoint.ts";

/** A restore point of one policy and one volume, as far as the choice of a chain depends on it. */
export interface ChainPoint {
  readonly chain: string;
  readonly copies: readonly { readonly target: string; readonly state: CopyState }[];
}

/** What stands for a chain where a Mirror is: each volume has one on each target, and it has no history. */
export const mirrorChain = "mirror";

/** What a target's repository must be like before the run: see `contract/configs.ts`. */
export type Expectation = "Absent" | "Present" | "Any";

/** Why a chain was chosen. */
export type ChainReason =
  | "MirrorScheduled"
  | "FullScheduled"
  | "NewestChain"
  | "NoChainYet"
  | "CopiesMissing"
  | "Resumed";

export interface ChainDecision {
  readonly chain: string;
  /** What the run really is: without a chain it is a `Full`. */
  readonly type: BackupType;
  readonly reason: ChainReason;
  /** For people; says so where something else became a Full. */
  readonly message: string;
  readonly targets: readonly { readonly target: string; readonly expect: Expectation }[];
}

/**
 * Chooses the chain that a run writes one volume to, on all its targets.
 *
 * A Full starts a new chain. An Incremental or a Differential adds to the newest chain that holds a snapshot on any of the targets. It becomes
 * a Full where there is none, and where all that a target had in that chain has gone missing: its repository is then
 * not made anew under the same name, as if nothing had happened. A Mirror always goes to the one place of its volume.
 */
export function chooseChain(options: {
  /** What the schedule asks for. */
  readonly type: BackupType;
  readonly now: Date;
  readonly targets: readonly string[];
  /** The points of this policy and this volume. */
  readonly points: readonly ChainPoint[];
  /** Every chain known of this volume, of other policies too: they share its folder. */
  readonly knownChains: readonly string[];
  /** What an earlier attempt of this same run had chosen: a retried run goes on there. */
  readonly resume?: { readonly chain: string; readonly type: BackupType };
}): ChainDecision {
  const { type, now, targets, points, knownChains, resume } = options;
  if (resume) {
    return {
      ...resume,
      reason: "Resumed",
      message: `goes on with chain ${resume.chain}, which an earlier attempt of this run had chosen`,
      targets: targets.map((target) => ({ target, expect: expectationOf(statesOn(points, resume.chain, target)) })),
    };
  }
  if (type === "Mirror") {
    return {
      chain: mirrorChain,
      type,
      reason: "MirrorScheduled",
      message: "brings the mirror up to date",
      targets: targets.map((target) => ({ target, expect: expectationOf(statesOn(points, mirrorChain, target)) })),
    };
  }
  const newChain = (reason: ChainReason, why: string): ChainDecision => {
    const chain = newChainName(now, [...knownChains, ...points.map((point) => point.chain)]);
    return {
      chain,
      type: "Full",
      reason,
      message: `starts chain ${chain}: ${why}`,
      targets: targets.map((target) => ({ target, expect: "Absent" })),
    };
  };
  if (type === "Full") return newChain("FullScheduled", "a Full was asked for");

  const chain = newestChain(points, targets);
  if (chain === undefined) {
    return newChain("NoChainYet", `there is no chain to add to yet, so this ${type} becomes a Full`);
  }
  const states = targets.map((target) => ({ target, states: statesOn(points, chain, target) }));
  const lost = states.filter((entry) => entry.states.includes("Missing") && !entry.states.some(isStored));
  if (lost.length > 0) {
    const names = lost.map((entry) => entry.target).join(", ");
    return newChain(
      "CopiesMissing",
      `all copies of chain ${chain} are missing on ${names}, so this ${type} becomes a Full`,
    );
  }
  return {
    chain,
    type,
    reason: "NewestChain",
    message: `adds to chain ${chain}`,
    targets: states.map((entry) => ({ target: entry.target, expect: expectationOf(entry.states) })),
  };
}

/** The newest chain (a mirror is none) with a snapshot, good or incomplete, on any of the targets. */
export function newestChain(points: readonly ChainPoint[], targets: readonly string[]): string | undefined {
  return points
    .filter(({ chain }) => chain !== mirrorChain)
    .filter((point) => point.copies.some((copy) => targets.includes(copy.target) && isStored(copy.state)))
    .map((point) => point.chain)
    .sort()
    .at(-1);
}

/**
 * A new chain's name: `now` in UTC as `20261123T010000Z`, or the first second after every chain's there is. The newest chain is the last by
 * name: behind one that was named by a clock ahead, nobody would add to the new one.
 */
export function newChainName(now: Date, knownChains: readonly string[]): string {
  const secondsAfter = knownChains.map((name) => Date.parse(name.replace(chainName, "$1-$2-$3T$4:$5:$6Z")) + 1000);
  const time = Math.max(now.getTime(), ...secondsAfter.filter((each) => !Number.isNaN(each)));
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

const chainName = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Where a chain's repository is below the store's root: `<prefix>/<namespace>/<pvc>/<chain>`, without slashes at either end. */
export function chainPath(options: {
  readonly prefix?: string;
  readonly namespace: string;
  readonly pvc: string;
  readonly chain: string;
}): string {
  return `${volumePath(options)}/${options.chain}`;
}

/** The folder that holds all of a volume's chains: `<prefix>/<namespace>/<pvc>`. */
export function volumePath(options: {
  readonly prefix?: string;
  readonly namespace: string;
  readonly pvc: string;
}): string {
  return [options.prefix, options.namespace, options.pvc].filter(Boolean).join("/");
}

/** What to forget in one chain on one target. */
export interface ChainForget<Point> {
  readonly chain: string;
  readonly points: readonly Point[];
  /** Nothing of ours stays in it and no run will add to it: the whole repository may go, if the store agrees that it is empty. */
  readonly dropWhenEmpty: boolean;
}

/**
 * Groups the points that retention removes on one target by chain. `stored` are all the points of this volume that have a
 * snapshot on this target; `newest` is the chain that the next run adds to, which is never dropped.
 */
export function forgetByChain<Point extends { readonly id: string; readonly chain: string }>(options: {
  readonly stored: readonly Point[];
  readonly remove: ReadonlySet<string>;
  readonly newest: string | undefined;
}): readonly ChainForget<Point>[] {
  const { stored, remove, newest } = options;
  return [...Map.groupBy(stored, (point) => point.chain)]
    .map(([chain, points]) => {
      const gone = points.filter((point) => remove.has(point.id));
      return { chain, points: gone, dropWhenEmpty: chain !== newest && gone.length === points.length };
    })
    .filter((entry) => entry.points.length > 0)
    .sort((a, b) => a.chain.localeCompare(b.chain));
}

/** Where there were snapshots, a repository that has gone is an error, and never made anew. */
const expectationOf = (states: readonly CopyState[]): Expectation => (states.some(isStored) ? "Present" : "Any");

const isStored = (state: CopyState): boolean => state === "Good" || state === "Incomplete";

function statesOn(points: readonly ChainPoint[], chain: string, target: string): readonly CopyState[] {
  return points
    .filter((point) => point.chain === chain)
    .flatMap((point) => point.copies.filter((copy) => copy.target === target).map((copy) => copy.state));
}
