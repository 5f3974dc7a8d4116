import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { z } from "zod";
import type { LockIdentity } from "../contract/configs.ts";
import { invalid } from "./failure.ts";
import { wholeNumber } from "./whole-number.ts";

/** The runner passes the pod's UID this way: it is not known when the configuration is written. */
const holderVariable = "HOLDFAST_LOCK_HOLDER";

/** Options that every command has. */
export interface CommonOptions {
  readonly config?: string;
  readonly repository?: string;
  readonly json?: boolean;
  readonly waitForLock?: string;
}

/** What a command is to do: from the file of `--config`, or made from its flags. Throws `InvalidConfiguration`. */
export function settingsFor<Schema extends z.ZodType<object>>(
  schema: Schema,
  options: CommonOptions,
  fromFlags: () => z.input<Schema>,
): z.output<Schema> {
  const { config } = options;
  return config === undefined ? settingsFrom(schema, fromFlags(), "The command line") : readSettings(schema, config);
}

/** Throws `InvalidConfiguration`, naming each field that is wrong. */
export function readSettings<Schema extends z.ZodType<object>>(schema: Schema, file: string): z.output<Schema> {
  return settingsFrom(schema, readJson(file), file);
}

function settingsFrom<Schema extends z.ZodType<object>>(
  schema: Schema,
  input: unknown,
  origin: string,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw invalid(`${origin} is not as it should be: ${explain(parsed.error)}`, parsed.error);
  const data: z.output<Schema> & { readonly lock?: LockIdentity } = parsed.data;
  const holder = process.env[holderVariable];
  return holder && data.lock ? { ...data, lock: { ...data.lock, holder } } : data;
}

export function lockOf({ waitForLock = "0" }: CommonOptions): LockIdentity {
  const waitSeconds = wholeNumber("--wait-for-lock", waitForLock, { unit: "seconds", example: 300 });
  return { holder: hostname(), deadHolders: [], waitSeconds };
}

/** Throws `InvalidConfiguration` where a flag is missing. */
export function required(value: string | undefined, flag: string): string {
  if (value) return value;
  throw invalid(`${flag} is missing: see --help.`);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw invalid(`The configuration ${file} cannot be read as JSON: ${(cause as Error).message}`, cause);
  }
}

const explain = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message)).join("; ");
