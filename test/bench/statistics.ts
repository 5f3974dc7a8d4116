/** The middle value, or the mean of the two middle ones. Throws on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError("There is no median of nothing.");
  return (lower + upper) / 2;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  greatest: Math.max(...values),
});

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The exponent k of the power law y = c·x^k that fits best (least squares of the logarithms): 1 is linear growth, 0 none.
 * Undefined where there are not two different x. All values must be above 0.
 */
export function growthExponent(points: readonly Point[]): number | undefined {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / logs.length;
  const variance = logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (!(variance > 0)) return undefined;
  return logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / variance;
}

/** The straight line y = base + perUnit·x that fits best; undefined where there are not two different x. */
export function linearFit(points: readonly Point[]): { readonly base: number; readonly perUnit: number } | undefined {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const variance = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (!(variance > 0)) return undefined;
  const perUnit = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / variance;
  return { base: meanY - perUnit * meanX, perUnit };
}
