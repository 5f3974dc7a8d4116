import { parseArgs } from "node:util";
import type { Scale } from "./data/data-set.ts";
import type { StoreName } from "./stores.ts";

export interface BenchOptions {
  readonly scale: Scale;
  readonly data: readonly string[];
  readonly stores: readonly StoreName[];
  /** Timed ones, beside the warm-up. */
  readonly repetitions: number;
  /** Paths by name; restic's is the newest, built by ourselves, where none is given. */
  readonly peers: { readonly restic?: string; readonly rustic?: string; readonly kopia?: string };
  readonly output: string;
}

export const allData = ["bin", "src", "rnd", "db", "image"] as const;
export const allStores = ["folder", "s3"] as const;

/** Throws an `Error` that says what is wrong. Results of a trial go where nobody takes them for figures. */
export function parseOptions(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): BenchOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      scale: { type: "string", default: "full" },
      data: { type: "string", default: allData.join() },
      store: { type: "string", default: allStores.join() },
      repeat: { type: "string", default: "3" },
      restic: { type: "string", default: environment.RESTIC ?? "" },
      rustic: { type: "string", default: environment.RUSTIC ?? "" },
      kopia: { type: "string", default: environment.KOPIA ?? "" },
      output: { type: "string" },
    },
  });
  const { restic, rustic, kopia } = values;
  const scale = parseChoice("--scale", values.scale, ["full", "small"]);
  return {
    scale,
    data: parseChoices("--data", values.data, allData),
    stores: parseChoices("--store", values.store, allStores),
    repetitions: parseCount("--repeat", values.repeat),
    peers: { ...(restic && { restic }), ...(rustic && { rustic }), ...(kopia && { kopia }) },
    output: values.output ?? (scale === "full" ? "test/bench" : "build/bench"),
  };
}

/** One of the known values; throws an `Error` that names them. */
export function parseChoice<Value extends string>(option: string, value: string, known: readonly Value[]): Value {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new Error(`${option} takes ${known.join(", ")}, not ${JSON.stringify(value)}.`);
  return found;
}

/** Several of them, with commas between. */
export const parseChoices = <Value extends string>(option: string, value: string, known: readonly Value[]): Value[] =>
  value.split(",").map((name) => parseChoice(option, name, known));

export function parseCount(option: string, value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option} takes a whole number from 1.`);
  return count;
}
