import type { ReadData } from "../repository/check-options.ts";
import { invalid } from "./failure.ts";

/** What `--read-data` and `--read-data-subset N/M` ask for. Throws `InvalidConfiguration` where the subset makes no sense. */
export function readDataFrom(flags: { readonly readData?: boolean; readonly readDataSubset?: string }): ReadData {
  const { readData = false, readDataSubset } = flags;
  if (readDataSubset === undefined) return readData;
  const [, part, of] = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(readDataSubset) ?? [];
  if (part && of && Number(part) <= Number(of)) return { part: Number(part), of: Number(of) };
  throw invalid(`--read-data-subset takes N/M, from 1/M to M/M, such as 2/7; not «${readDataSubset}».`);
}
