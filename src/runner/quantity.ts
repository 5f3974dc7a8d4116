const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimal = ["k", "M", "G", "T", "P", "E"];

/** Bytes of a Kubernetes quantity such as `10Gi`, `500M` or `1e3`. Throws a `RangeError` on anything else. */
export function quantityBytes(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]*)?(?:[eE][0-9]+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a size; write it like 10Gi`);
  const [, number, unit = ""] = match;
  return Number(number) * factor(unit);
}

function factor(unit: string): number {
  if (unit === "m") return 1 / 1000;
  if (binary.includes(unit)) return 1024 ** (binary.indexOf(unit) + 1);
  return 1000 ** (decimal.indexOf(unit) + 1);
}

/** The largest of some sizes, as it was written; those that are absent do not count. */
export function largestQuantity(...sizes: readonly (string | undefined)[]): string | undefined {
  return sizes
    .filter((size) => size !== undefined)
    .toSorted((a, b) => quantityBytes(a) - quantityBytes(b))
    .at(-1);
}
