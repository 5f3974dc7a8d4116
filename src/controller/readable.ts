import {
  type BackupPolicy,
  type BackupTarget,
  parseBackupPolicy,
  parseBackupTarget,
  type RestorePoint,
  type RestoreTest,
} from "../api/objects.ts";
import type { TestResult } from "../api/restoretest.ts";

/**
 * Objects beside the one that is reconciled come from the caches as they are, and may not fit this version's schemas: they were written past
 * the API server's checks, or by another version. What cannot be read counts as absent, so that it costs nobody else a verdict or a
 * number. A policy, a target and a test that cannot be read say so in their own status; of a restore point nobody says it.
 */

/** The object with its defaults; `undefined` where it cannot be read. */
type Read<T extends object> = <Raw extends T>(raw: Raw) => Raw | undefined;

/** Each object is parsed once: what changes is another object in its cache. */
function reader<T extends object>(parse: (raw: unknown) => T): Read<T> {
  const known = new WeakMap<T, T | undefined>();
  return <Raw extends T>(raw: Raw) => {
    if (!known.has(raw)) known.set(raw, parsed(parse, raw));
    return known.get(raw) as Raw | undefined;
  };
}

function parsed<T>(parse: (raw: unknown) => T, raw: T): T | undefined {
  try {
    return parse(raw);
  } catch {
    return undefined;
  }
}

export const readPolicy: Read<BackupPolicy> = reader(parseBackupPolicy);
const readTarget = reader(parseBackupTarget);

const thoseRead = <T extends object, Raw extends T>(read: Read<T>, raw: readonly Raw[]): readonly Raw[] =>
  raw.flatMap((each) => read(each) ?? []);

/** The targets that can be read, with their defaults. */
export const readableTargets = <Raw extends BackupTarget>(raw: readonly Raw[]): readonly Raw[] =>
  thoseRead(readTarget, raw);

/**
 * The restore tests of which it can be read what they are of, with those results that can be read. Nothing else of a test matters to a
 * verdict: that a restore failed must not be forgotten for the sake of a field that this version does not know.
 */
export const readableTests = <Raw extends RestoreTest>(raw: readonly Raw[]): readonly Raw[] =>
  raw.filter(({ spec }) => typeof spec?.policyRef?.name === "string").map(withReadableResults);

function withReadableResults<Raw extends RestoreTest>(test: Raw): Raw {
  const results: unknown = test.status?.results;
  return { ...test, status: { ...test.status, results: Array.isArray(results) ? results.filter(isResult) : [] } };
}

/** What cannot be understood proves nothing; that it failed counts all the same. */
const isResult = (result: Partial<TestResult> | null): boolean =>
  typeof result?.pvc === "string" &&
  typeof result.target === "string" &&
  !Number.isNaN(Date.parse(result.time ?? "")) &&
  (result.result === "Failed" ||
    (result.result === "Passed" && ["undefined", "number"].includes(typeof result.restoreSeconds)));

/** The points of which everything can be read that a verdict or a number needs. There may be thousands, so they are only looked at. */
export const readablePoints = <Raw extends RestorePoint>(raw: readonly Raw[]): readonly Raw[] =>
  raw.filter(({ spec, status }) => isPointSpec(spec) && areCopies(status?.copies));

const isPointSpec = (spec: Partial<RestorePoint["spec"]> | undefined): boolean =>
  typeof spec?.policy === "string" &&
  typeof spec.pvc?.name === "string" &&
  typeof spec.pvc.uid === "string" &&
  typeof spec.chain === "string" &&
  !Number.isNaN(Date.parse(spec.time ?? ""));

const areCopies = (copies: unknown): boolean =>
  copies === undefined || (Array.isArray(copies) && copies.every((copy) => typeof copy?.target === "string"));
