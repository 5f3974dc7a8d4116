import { describeStale, earliestExpiry, freshness, newestTests } from "./copies.ts";
import type { CopyKind } from "./copy-kind.ts";
import type { Evidence, TargetEvidence, TestEvidence, Verdict, VolumeEvidence } from "./evidence.ts";
import { countText, durationText, listText, utc } from "./text.ts";

/** Reasons of the conditions `RPOMet`, `RTOMet`, `Verified` and `ThreeTwoOne`. */
export const objectiveReason = {
  noVolumesMatch: "NoVolumesMatch",
  volumeNotFound: "VolumeNotFound",
  copiesFresh: "CopiesFresh",
  copiesStale: "CopiesStale",
  waitingForFirstCopy: "WaitingForFirstCopy",
  restoresFastEnough: "RestoresFastEnough",
  restoresTooSlow: "RestoresTooSlow",
  notMeasured: "NotMeasured",
  restoresVerified: "RestoresVerified",
  restoreTestFailed: "RestoreTestFailed",
  notVerified: "NotVerified",
  verificationExpired: "VerificationExpired",
  copiesGone: "CopiesGone",
  copiesSufficient: "CopiesSufficient",
  copiesInsufficient: "CopiesInsufficient",
} as const;

/** A strategy over nothing is not met. `undefined` where there are volumes. */
export function noVolumes(evidence: Evidence): Verdict | undefined {
  if (evidence.volumes.length > 0) return undefined;
  return {
    status: "False",
    reason: objectiveReason.noVolumesMatch,
    message: "no PVC matches spec.volumes, so nothing is protected; correct the selector or the names",
  };
}

/**
 * A verdict on the volumes that match, in the light of those that are named and are not there: what is promised and cannot be backed up
 * breaks every promise, however well the others stand. What is wrong with those is said, too.
 */
export function withAbsent({ volumes, missing = [], leaving = [] }: Evidence, verdict: Verdict): Verdict {
  if (missing.length === 0 && leaving.length === 0) return verdict;
  const absent = listText([
    ...missing.map((name) => `there is no PVC ${name}, which spec.volumes.names names; make it, or correct the name`),
    ...leaving.map(
      (name) =>
        `PVC ${name}, which spec.volumes.names names, is being deleted and not backed up any more; make it again, or take its name out`,
    ),
  ]);
  const message = verdict.status === "False" && volumes.length > 0 ? `${absent}; ${verdict.message}` : absent;
  return { ...verdict, status: "False", reason: objectiveReason.volumeNotFound, message };
}

/**
 * `RPOMet`: every volume has, on every target, a good copy no older than the target's `maxAge`, or else the RPO; and every volume
 * that is named is there.
 */
export const judgeRpo = (evidence: Evidence, now: Date): Verdict => withAbsent(evidence, judgeFreshness(evidence, now));

function judgeFreshness(evidence: Evidence, now: Date): Verdict {
  const nothing = noVolumes(evidence);
  if (nothing) return nothing;
  const entries = freshness(evidence, now);
  const judgeAgainAt = earliestExpiry(entries, now);
  const stale = entries.filter((entry) => entry.state === "Stale");
  if (stale.length > 0) {
    const message = listText(stale.map(describeStale));
    return { status: "False", reason: objectiveReason.copiesStale, message, judgeAgainAt };
  }
  const waiting = entries.filter((entry) => entry.state === "Waiting");
  if (waiting.length > 0) {
    const message = listText(
      waiting.map(
        (entry) => `${entry.volume.pvc} on ${entry.target.name}: the first copy is due by ${utc(entry.expires)}`,
      ),
    );
    return { status: "Unknown", reason: objectiveReason.waitingForFirstCopy, message, judgeAgainAt };
  }
  const message = `${scope(evidence)}: every newest good copy is within the objective of ${durationText(evidence.objectives.rpoSeconds)}, or its target's maxAge`;
  return { status: "True", reason: objectiveReason.copiesFresh, message, judgeAgainAt };
}

/**
 * `RTOMet`: the newest measured restore of every volume from every target, of its chains and of its mirror where it has both, took no longer than the RTO. `undefined` where
 * the policy has no RTO. A measurement older than `verifiedWithin`, or one that a later failed test overtook, says nothing.
 */
export function judgeRto(evidence: Evidence, now: Date): Verdict | undefined {
  const { rtoSeconds } = evidence.objectives;
  if (rtoSeconds === undefined) return undefined;
  const nothing = noVolumes(evidence);
  if (nothing) return nothing;
  const tested = testedPairs(evidence, now);
  const judgeAgainAt = earliestExpiry(tested, now);
  const measured = tested.map((pair) => ({ ...pair, seconds: measuredSeconds(pair) }));
  const slow = measured.filter((pair) => pair.seconds !== undefined && pair.seconds > rtoSeconds);
  if (slow.length > 0) {
    const message = listText(
      slow.map(
        (pair) =>
          `${where(pair)}: the restore measured at ${utc(pair.test?.time ?? "")} took ${durationText(pair.seconds ?? 0)}, allowed are ${durationText(rtoSeconds)}`,
      ),
    );
    return { status: "False", reason: objectiveReason.restoresTooSlow, message, judgeAgainAt };
  }
  const unmeasured = measured.filter((pair) => pair.seconds === undefined);
  if (unmeasured.length > 0) {
    const message = `no restore was measured within ${durationText(evidence.objectives.verifiedWithinSeconds)}: ${listText(unmeasured.map(where))}; a RestoreTest measures it`;
    return { status: "Unknown", reason: objectiveReason.notMeasured, message, judgeAgainAt };
  }
  const message = `${scope(evidence)}: every newest measured restore took no longer than ${durationText(rtoSeconds)}`;
  return { status: "True", reason: objectiveReason.restoresFastEnough, message, judgeAgainAt };
}

/**
 * `Verified`: the newest test of every volume on every target passed, of its chains and of its mirror where it has both, within `verifiedWithin`. False after a failed test,
 * once a test that had passed is too old, when no good copy is left, and while a volume that is named is not there; Unknown while some
 * pair was never tested.
 */
export const judgeVerified = (evidence: Evidence, now: Date): Verdict =>
  withAbsent(evidence, judgeTests(evidence, now));

function judgeTests(evidence: Evidence, now: Date): Verdict {
  const nothing = noVolumes(evidence);
  if (nothing) return nothing;
  const pairs = testedPairs(evidence, now);
  const judgeAgainAt = earliestExpiry(pairs, now);
  const failed = pairs.filter((pair) => pair.test?.result === "Failed");
  if (failed.length > 0) {
    const message = listText(failed.map(describeFailure));
    return { status: "False", reason: objectiveReason.restoreTestFailed, message, judgeAgainAt };
  }
  const gone = pairs.filter((pair) => pair.test && !hasGoodCopy(evidence, pair));
  if (gone.length > 0) {
    const message = `a test passed, but no good copy is left of ${listText(gone.map(where))}; run a backup and a RestoreTest`;
    return { status: "False", reason: objectiveReason.copiesGone, message, judgeAgainAt };
  }
  const expired = pairs.filter((pair) => pair.test && pair.expired);
  if (expired.length > 0) {
    const within = durationText(evidence.objectives.verifiedWithinSeconds);
    const message = listText(
      expired.map(
        (pair) =>
          `${where(pair)}: last passed a restore test at ${utc(pair.test?.time ?? "")}, more than ${within} ago`,
      ),
    );
    return { status: "False", reason: objectiveReason.verificationExpired, message, judgeAgainAt };
  }
  const untested = pairs.filter((pair) => !pair.test);
  if (untested.length > 0) {
    const message = `never passed a restore test: ${listText(untested.map(where))}; make a RestoreTest for this policy, or wait for its first run`;
    return { status: "Unknown", reason: objectiveReason.notVerified, message, judgeAgainAt };
  }
  const message = `${scope(evidence)}: all passed a restore test within ${durationText(evidence.objectives.verifiedWithinSeconds)}`;
  return { status: "True", reason: objectiveReason.restoresVerified, message, judgeAgainAt };
}

interface TestedPair {
  readonly volume: VolumeEvidence;
  readonly target: TargetEvidence;
  readonly kind: CopyKind;
  readonly test?: TestEvidence;
  readonly expires?: Date;
  readonly expired: boolean;
}

function testedPairs(evidence: Evidence, now: Date): readonly TestedPair[] {
  const newestTest = newestTests(evidence, now);
  return evidence.volumes.flatMap((volume) =>
    evidence.targets.flatMap((target) =>
      target.kinds.map((kind): TestedPair => {
        const test = newestTest(volume, target, kind);
        if (!test) return { volume, target, kind, expired: false };
        const expires = new Date(Date.parse(test.time) + evidence.objectives.verifiedWithinSeconds * 1000);
        return { volume, target, kind, test, expires, expired: expires < now };
      }),
    ),
  );
}

const hasGoodCopy = ({ points }: Evidence, { volume, target, kind }: TestedPair): boolean =>
  points.some(
    (point) =>
      point.pvcUid === volume.uid &&
      point.kind === kind &&
      point.copies.some((copy) => copy.target === target.name && copy.state === "Good"),
  );

function measuredSeconds(pair: TestedPair): number | undefined {
  return pair.test?.result === "Passed" && !pair.expired ? pair.test.restoreSeconds : undefined;
}

function describeFailure(pair: TestedPair): string {
  const { test } = pair;
  const by = test?.restoreTest ? ` by RestoreTest ${test.restoreTest}` : "";
  const of = test?.restorePoint ? ` of ${test.restorePoint}` : "";
  return `${where(pair)}: the test${of}${by} failed at ${utc(test?.time ?? "")}: ${test?.message ?? "no reason was given"}`;
}

const where = ({ volume, target, kind }: TestedPair): string =>
  `${kind === "mirror" ? "the mirror of " : ""}${volume.pvc} on ${target.name}`;

const scope = (evidence: Evidence): string =>
  `${countText(evidence.volumes.length, "volume")} on ${countText(evidence.targets.length, "target")}`;
