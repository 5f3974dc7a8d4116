import type { Case, Sample, Traffic } from "./sample.ts";
import { median, type Spread, spreadOf } from "./statistics.ts";

/** Our own program's name among the contestants: what the ratios are of. */
export const ownName = "holdfast";

/** Holdfast's value divided by this contestant's: below 1 is better than it. */
export interface Ratios {
  readonly wall: number;
  readonly cpu: number;
  readonly memory: number;
  readonly stored: number | undefined;
}

export type Row = Case &
  (
    | {
        readonly wall: Spread;
        readonly cpu: Spread;
        readonly memory: Spread;
        /** Undefined for what stores nothing, as a plain copy. */
        readonly storedBytes: number | undefined;
        readonly traffic: Traffic | undefined;
        readonly repetitions: number;
        readonly ratios: Ratios | undefined;
      }
    | { readonly failure: string }
  );

type Measured = Exclude<Row, { readonly failure: string }>;

/**
 * One row for each case, in the order of their first samples. The first repetition (0) warms up and counts the traffic; its
 * times do not count. A single failure, in whichever repetition, makes its row a failure.
 */
export function summarise(samples: readonly Sample[]): Row[] {
  const byCase = Map.groupBy(samples, keyOf);
  const rows = [...byCase.values()].flatMap((group) => rowOf(group) ?? []);
  const own = new Map(rows.filter(({ contestant }) => contestant === ownName).map((row) => [keyOf(row, false), row]));
  return rows.map((row) => withRatios(row, own.get(keyOf(row, false))));
}

function keyOf({ data, store, step, contestant }: Case, withContestant: unknown = true): string {
  return JSON.stringify([data, store, step, withContestant === false ? "" : contestant]);
}

function rowOf(group: readonly Sample[]): Row | undefined {
  const [first] = group;
  if (!first) return undefined;
  const { data, store, step, contestant } = first;
  const which = { data, store, step, contestant };
  const failed = group.find((sample) => "failure" in sample);
  if (failed && "failure" in failed) return { ...which, failure: failed.failure };
  const good = group.filter((sample) => "cost" in sample);
  const timed = good.filter(({ repetition }) => repetition > 0);
  if (timed.length === 0) return undefined;
  const stored = median(timed.map(({ storedBytes }) => storedBytes));
  return {
    ...which,
    wall: spreadOf(timed.map(({ cost }) => cost.wallSeconds)),
    cpu: spreadOf(timed.map(({ cost }) => cost.cpuSeconds)),
    memory: spreadOf(timed.map(({ cost }) => cost.peakBytes)),
    storedBytes: stored > 0 ? stored : undefined,
    traffic: good.find(({ traffic }) => traffic)?.traffic,
    repetitions: timed.length,
    ratios: undefined,
  };
}

function withRatios(row: Row, own: Row | undefined): Row {
  if ("failure" in row || !own || "failure" in own || row.contestant === ownName) return row;
  return { ...row, ratios: ratiosOf(own, row) };
}

const ratiosOf = (own: Measured, peer: Measured): Ratios => ({
  wall: own.wall.median / peer.wall.median,
  cpu: own.cpu.median / peer.cpu.median,
  memory: own.memory.median / peer.memory.median,
  stored:
    own.storedBytes !== undefined && peer.storedBytes !== undefined ? own.storedBytes / peer.storedBytes : undefined,
});
