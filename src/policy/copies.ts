import type { CopyKind } from "./copy-kind.ts";
import type { Evidence, PointEvidence, TargetEvidence, TestEvidence, VolumeEvidence } from "./evidence.ts";
import { durationText, utc } from "./text.ts";

/** One volume on one target: how fresh its newest good copy is. */
export interface Freshness {
  readonly volume: VolumeEvidence;
  readonly target: TargetEvidence;
  /** The instant that the newest good copy's data is from; absent where there is none. */
  readonly newest?: Date;
  readonly limitSeconds: number;
  /** `Waiting`: there is no good copy, but the volume is still younger than the limit. */
  readonly state: "Fresh" | "Waiting" | "Stale";
  /** When `Fresh` or `Waiting` turns into `Stale` by time alone; since when it has been `Stale`. */
  readonly expires: Date;
}

/** How old the newest good copy on a target may be, in seconds: as it says itself, or else as the policy does. */
export const ageLimitSeconds = (
  { maxAgeSeconds }: Pick<TargetEvidence, "maxAgeSeconds">,
  { rpoSeconds }: Pick<Evidence["objectives"], "rpoSeconds">,
): number => maxAgeSeconds ?? rpoSeconds;

/** A clock may be ahead by so much. What is from later than that proves nothing: it would count as new until its time has come, and beyond. */
export const clockSkewMilliseconds = 5 * 60_000;

/**
 * The freshness of every volume on every target, volume by volume. A copy counts while it is good, of this very PVC (its UID: one
 * that was made again under the same name starts anew), on a target that still exists, and not older than the limit.
 */
export function freshness(evidence: Evidence, now: Date): readonly Freshness[] {
  const points = Map.groupBy(evidence.points, (point) => point.pvcUid);
  return evidence.volumes.flatMap((volume) =>
    evidence.targets.map((target): Freshness => {
      const limitSeconds = ageLimitSeconds(target, evidence.objectives);
      if (target.store === undefined) {
        return { volume, target, limitSeconds, state: "Stale", expires: new Date(volume.created) };
      }
      const newest = newestGood(points.get(volume.uid) ?? [], target.name, now);
      const expires = new Date((newest ?? new Date(volume.created)).getTime() + limitSeconds * 1000);
      const state = expires < now ? "Stale" : newest ? "Fresh" : "Waiting";
      return { volume, target, ...(newest ? { newest } : {}), limitSeconds, state, expires };
    }),
  );
}

/** What is wrong with it and since when, for a condition's message. */
export function describeStale(entry: Freshness): string {
  const where = `${entry.volume.pvc} on ${entry.target.name}`;
  if (entry.target.store === undefined)
    return `${where}: there is no BackupTarget of this name, or none that this version can read`;
  const limit = durationText(entry.limitSeconds);
  if (!entry.newest) return `${where}: no good copy since the volume was made at ${utc(entry.volume.created)}`;
  return `${where}: the newest good copy is from ${utc(entry.newest)}, older than ${limit} since ${utc(entry.expires)}`;
}

/**
 * Finds the newest test of a volume's copies of one kind on a target, by the test's own time; of two at the same instant, the failed one. Tests of another volume
 * that had its name do not count, and a test that passed in the future has not passed yet. One that failed there has.
 */
export function newestTests(
  evidence: Evidence,
  now: Date,
): (volume: VolumeEvidence, target: TargetEvidence, kind: CopyKind) => TestEvidence | undefined {
  const tests = Map.groupBy(evidence.tests, (test) => `${test.pvc}/${test.target}/${test.kind}`);
  const latest = now.getTime() + clockSkewMilliseconds;
  const rank = (test: TestEvidence): number =>
    Math.min(Date.parse(test.time), latest) + (test.result === "Failed" ? 0.5 : 0);
  const isOf = (test: TestEvidence, volume: VolumeEvidence): boolean =>
    Date.parse(test.time) >= Date.parse(volume.created) && (test.pvcUid ?? volume.uid) === volume.uid;
  return (volume, target, kind) =>
    (tests.get(`${volume.pvc}/${target.name}/${kind}`) ?? [])
      .filter((test) => isOf(test, volume) && (test.result === "Failed" || Date.parse(test.time) <= latest))
      .sort((a, b) => rank(b) - rank(a))[0];
}

/** The first instant at which one of these, as yet in time, is no longer so. An expiry itself is still in time. */
export function earliestExpiry(entries: readonly { readonly expires?: Date }[], now: Date): Date | undefined {
  const coming = entries.flatMap(({ expires }) => (expires && expires >= now ? [expires.getTime() + 1] : []));
  return coming.length === 0 ? undefined : new Date(Math.min(...coming));
}

/** Milliseconds since 1970 that a copy's data is from. The earlier of two clocks is believed: of who took the volume's snapshot, and of who wrote the copy. */
export const copyTime = (pointTime: string, completed: string | undefined): number =>
  Math.min(Date.parse(pointTime), Date.parse(completed ?? pointTime));

function newestGood(points: readonly PointEvidence[], target: string, now: Date): Date | undefined {
  const times = points
    .flatMap((point) =>
      point.copies
        .filter((copy) => copy.target === target && copy.state === "Good")
        .map(({ completed }) => copyTime(point.time, completed)),
    )
    .filter((time) => time <= now.getTime() + clockSkewMilliseconds);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
