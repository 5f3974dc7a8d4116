import {
  type BackupPolicy,
  type BackupTarget,
  parseBackupPolicy,
  parseBackupTarget,
  parseRestoreTest,
  type RestorePoint,
  type RestoreTest,
} from "../api/objects.ts";

/**
 * Objects beside the one that is reconciled come from the caches as they are, and may not fit this version's schemas: they were written past
 * the API server's checks, or by another version. What cannot be read counts as absent, so that it costs nobody else a verdict or a
 * number. That it cannot be read its own status says.
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
const readTest = reader(parseRestoreTest);

const thoseRead = <T extends object, Raw extends T>(read: Read<T>, raw: readonly Raw[]): readonly Raw[] =>
  raw.flatMap((each) => read(each) ?? []);

/** The targets that can be read, with their defaults. */
export const readableTargets = <Raw extends BackupTarget>(raw: readonly Raw[]): readonly Raw[] =>
  thoseRead(readTarget, raw);

/** The restore tests that can be read, with their defaults. */
export const readableTests = <Raw extends RestoreTest>(raw: readonly Raw[]): readonly Raw[] => thoseRead(readTest, raw);

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
