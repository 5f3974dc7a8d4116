import { formatBytes } from "../../../src/mover/units.ts";
import type { Cost } from "../sample.ts";
import { growthExponent, linearFit, median, type Point } from "../statistics.ts";
import { formatNumber, formatSeconds } from "../table.ts";

/** All runs of one operation at one size. */
export interface Grown {
  readonly series: string;
  readonly operation: string;
  readonly size: number;
  readonly costs: readonly Cost[];
}

export type Quantity = "time" | "memory";

/** Medians against sizes. */
export const pointsOf = (grown: readonly Grown[], quantity: Quantity): Point[] =>
  grown.map(({ size, costs }) => ({
    x: size,
    y: median(costs.map(({ wallSeconds, peakBytes }) => (quantity === "time" ? wallSeconds : peakBytes))),
  }));

/** As `1.02; 0.60 s + 48 µs each`: the exponent of the growth over the whole range, and the straight line through it. */
export function describeSlope(points: readonly Point[], quantity: Quantity): string {
  const exponent = growthExponent(points);
  const fit = linearFit(points);
  if (exponent === undefined || fit === undefined) return "";
  const base = quantity === "time" ? `${formatSeconds(fit.base)} s` : formatSigned(fit.base);
  const each = quantity === "time" ? formatMicroseconds(fit.perUnit) : `${formatNumber(fit.perUnit, 0)} B`;
  return `${formatNumber(exponent, 2)}; ${base} + ${each} each`;
}

const formatSigned = (bytes: number): string =>
  bytes < 0 ? `-${formatBytes(Math.round(-bytes))}` : formatBytes(Math.round(bytes));

const formatMicroseconds = (seconds: number): string =>
  Math.abs(seconds) < 0.001 ? `${(seconds * 1e6).toFixed(1)} µs` : `${(seconds * 1000).toFixed(1)} ms`;

/** One line for each operation and size, and one with the slope after the last size of each. */
export function growthTable(grown: readonly Grown[]): string {
  const byOperation = Map.groupBy(grown, ({ series, operation }) => `${series}, ${operation}`);
  const lines = [...byOperation].flatMap(([name, group]) => {
    const times = pointsOf(group, "time");
    const memories = pointsOf(group, "memory");
    return [
      ...group.map(({ size }, number) => [
        name,
        size.toLocaleString("en"),
        `${formatSeconds(times[number]?.y ?? 0)} s`,
        formatBytes(memories[number]?.y ?? 0),
      ]),
      [name, "**slope**", describeSlope(times, "time"), describeSlope(memories, "memory")],
    ];
  });
  const heading = ["series, operation", "size", "wall time", "peak memory"];
  const all = [heading, heading.map((_, column) => (column === 0 ? "---" : "--:")), ...lines];
  return all.map((line) => `| ${line.join(" | ")} |`).join("\n");
}
