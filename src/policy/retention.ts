import type { Retention } from "../api/policy.ts";

/** Anything with a time. */
export interface Dated {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
}

export interface KeepDecision<Point> {
  readonly point: Point;
  readonly keep: boolean;
  /** Why it is kept, or why it is not. */
  readonly reasons: readonly string[];
}

interface Rule {
  readonly count: number;
  readonly name: string;
  /** Points in the same bucket count once. */
  readonly bucket: (time: Temporal.ZonedDateTime, position: number) => string;
}

/**
 * Which points stay, by the rules of restic's `forget` (its `ApplyPolicy`): newest first, each rule keeps the newest point of
 * as many different hours, days, ISO weeks, months or years as it counts, and the oldest point of all where it has
 * counts left (so since restic 0.16). Hours and days are those of `timeZone`. Without any rule everything stays. The
 * decisions come newest first.
 */
export function decideRetention<Point extends Dated>(options: {
  readonly points: readonly Point[];
  readonly rules: Retention;
  readonly timeZone: string;
}): readonly KeepDecision<Point>[] {
  const { points, timeZone } = options;
  const rules = rulesOf(options.rules).map((rule) => ({ ...rule, left: rule.count, last: "" }));
  const newestFirst = [...points].sort((a, b) => compareTimes(b, a));
  if (rules.length === 0) return newestFirst.map((point) => ({ point, keep: true, reasons: [noRules] }));
  return newestFirst.map((point, position) => {
    const time = Temporal.Instant.from(point.time).toZonedDateTimeISO(timeZone);
    const oldest = position === newestFirst.length - 1;
    const reasons: string[] = [];
    for (const rule of rules) {
      if (rule.left === 0) continue;
      const bucket = rule.bucket(time, position);
      const isNew = bucket !== rule.last;
      if (!isNew && !oldest) continue;
      rule.last = bucket;
      rule.left -= 1;
      reasons.push(isNew ? `${rule.name} snapshot` : `oldest ${rule.name} snapshot`);
    }
    return reasons.length > 0 ? { point, keep: true, reasons } : { point, keep: false, reasons: ["no rule keeps it"] };
  });
}

/** A snapshot of one volume on one target. */
export interface RetentionPoint extends Dated {
  readonly chain: string;
  /** Only what has a snapshot in the store is a matter of retention. */
  readonly state: "Good" | "Incomplete";
  /** A RestoreTest restored this copy and passed. */
  readonly verified: boolean;
  /** The annotation `holdfast.dev/hold` is on its RestorePoint. */
  readonly held: boolean;
}

/**
 * Which snapshots of one volume stay on one target. The rules count good points only. Whatever they say, these stay: the
 * newest good point, the newest verified one, and those that are held. An incomplete point goes once there is a newer good
 * one. Those newer than every good one have the rules to themselves, so that a volume which can never be read in full
 * does not fill the store. Without rules everything stays.
 */
export function planRetention<Point extends RetentionPoint>(options: {
  readonly points: readonly Point[];
  readonly rules: Retention | undefined;
  readonly timeZone: string;
}): readonly KeepDecision<Point>[] {
  const { points, rules = {}, timeZone } = options;
  const good = decideRetention({ points: points.filter((point) => point.state === "Good"), rules, timeZone });
  const newestGood = good[0]?.point;
  const newestVerified = good.find((decision) => decision.point.verified)?.point;
  const incomplete = points.filter((point) => point.state === "Incomplete");
  const isNewer = (point: Point): boolean => newestGood === undefined || compareTimes(point, newestGood) > 0;
  const newer = decideRetention({ points: incomplete.filter(isNewer), rules, timeZone });
  const keepsAll = rulesOf(rules).length === 0;
  const older = incomplete
    .filter((point) => !isNewer(point))
    .map((point) => ({
      point,
      keep: keepsAll,
      reasons: [keepsAll ? noRules : "incomplete, and there is a newer good point"],
    }));

  const protections = (point: Point): readonly string[] => [
    ...(point.id === newestGood?.id ? ["newest good point"] : []),
    ...(point.id === newestVerified?.id ? ["newest verified point"] : []),
    ...(point.id === newer[0]?.point.id ? ["newest incomplete point, and no newer good one"] : []),
    ...(point.held ? ["held"] : []),
  ];
  return [...good, ...newer, ...older]
    .map((decision) => protect(decision, protections(decision.point)))
    .sort((a, b) => compareTimes(b.point, a.point));
}

function protect<Point>(decision: KeepDecision<Point>, protections: readonly string[]): KeepDecision<Point> {
  if (protections.length === 0) return decision;
  return {
    point: decision.point,
    keep: true,
    reasons: [...(decision.keep ? decision.reasons : []), ...protections],
  };
}

const noRules = "no retention rules";

function rulesOf(retention: Retention): readonly Rule[] {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = (time: Temporal.ZonedDateTime): string => time.toPlainDate().toString();
  const all: readonly (Omit<Rule, "count"> & { readonly count: number | undefined })[] = [
    { count: retention.keepLast, name: "last", bucket: (_, position) => String(position) },
    { count: retention.keepHourly, name: "hourly", bucket: (time) => `${day(time)}T${two(time.hour)}` },
    { count: retention.keepDaily, name: "daily", bucket: day },
    { count: retention.keepWeekly, name: "weekly", bucket: (time) => `${time.yearOfWeek}-W${time.weekOfYear}` },
    { count: retention.keepMonthly, name: "monthly", bucket: (time) => `${time.year}-${time.month}` },
    { count: retention.keepYearly, name: "yearly", bucket: (time) => String(time.year) },
  ];
  return all.flatMap((rule) => (rule.count === undefined ? [] : [{ ...rule, count: rule.count }]));
}

const compareTimes = (a: Dated, b: Dated): number =>
  Temporal.Instant.compare(Temporal.Instant.from(a.time), Temporal.Instant.from(b.time));
