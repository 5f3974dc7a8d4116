import { invalid } from "./failure.ts";

/** The share of the used bytes that `--max-unused PERCENT` lets prune leave unused. Throws `InvalidConfiguration`. */
export function maxUnusedFrom(flags: { readonly maxUnused?: string; readonly prune?: boolean }): number | undefined {
  const { maxUnused, prune = false } = flags;
  if (maxUnused === undefined) return undefined;
  if (!prune) throw invalid("--max-unused says how --prune works: give both.");
  const [, percent] = /^(\d{1,6}(?:\.\d{1,6})?)%?$/.exec(maxUnused) ?? [];
  if (percent !== undefined) return Number(percent) / 100;
  throw invalid(`--max-unused takes a percentage of the used space, such as 5 or 0; not «${maxUnused}».`);
}
