import { describeStale, earliestExpiry, type Freshness, freshness } from "./copies.ts";
import type { Evidence, Verdict, VolumeEvidence } from "./evidence.ts";
import { noVolumes, objectiveReason, withAbsent } from "./objectives.ts";
import { countText, listText } from "./text.ts";

const needed = { copies: 3, media: 2, offsite: 1 } as const;

interface Tally {
  readonly copies: number;
  readonly media: readonly string[];
  readonly offsite: number;
}

/**
 * `ThreeTwoOne`: every volume has three copies on two media, one of them offsite. The volume itself is one while its PVC is
 * bound; each store that holds a fresh good copy is one more. False while a volume that is named is not there, Unknown while a new one
 * only waits for its first copies.
 */
export const judgeThreeTwoOne = (evidence: Evidence, now: Date): Verdict =>
  withAbsent(evidence, judgeCopies(evidence, now));

function judgeCopies(evidence: Evidence, now: Date): Verdict {
  const nothing = noVolumes(evidence);
  if (nothing) return nothing;
  const entries = freshness(evidence, now);
  const judgeAgainAt = earliestExpiry(entries, now);
  const verdicts = evidence.volumes.map((volume) => {
    const own = entries.filter((entry) => entry.volume === volume);
    const fresh = own.filter((entry) => entry.state === "Fresh");
    const promised = own.filter((entry) => entry.state !== "Stale");
    const missing = missingFrom(tally(volume, fresh));
    const waiting = missing.length > 0 && missingFrom(tally(volume, promised)).length === 0;
    return { volume, missing, waiting, stale: own.filter((entry) => entry.state === "Stale") };
  });
  const broken = verdicts.filter((verdict) => verdict.missing.length > 0 && !verdict.waiting);
  if (broken.length > 0) {
    const message = listText(broken.map(describeBroken));
    return { status: "False", reason: objectiveReason.copiesInsufficient, message, judgeAgainAt };
  }
  const waiting = verdicts.filter((verdict) => verdict.waiting);
  if (waiting.length > 0) {
    const names = listText(waiting.map((verdict) => verdict.volume.pvc));
    const message = `new volumes wait for their first copies: ${names}`;
    return { status: "Unknown", reason: objectiveReason.waitingForFirstCopy, message, judgeAgainAt };
  }
  const message = `${countText(evidence.volumes.length, "volume")}: each has at least 3 copies on 2 media, 1 offsite`;
  return { status: "True", reason: objectiveReason.copiesSufficient, message, judgeAgainAt };
}

/** Two targets in one store are one copy, offsite only if both say so; the first named gives its medium. */
function tally(volume: VolumeEvidence, entries: readonly Freshness[]): Tally {
  const stores = [...Map.groupBy(entries, (entry) => entry.target.store).values()];
  const production = volume.bound ? [volume.medium] : [];
  return {
    copies: production.length + stores.length,
    media: [...new Set([...production, ...stores.map(([first]) => first?.target.media ?? "")])],
    offsite: stores.filter((targets) => targets.every((entry) => entry.target.offsite)).length,
  };
}

function missingFrom({ copies, media, offsite }: Tally): readonly string[] {
  return [
    ...(copies < needed.copies ? [`${copies} of ${needed.copies} copies`] : []),
    ...(media.length < needed.media
      ? [`${media.length} of ${needed.media} media (${media.join(", ") || "none"})`]
      : []),
    ...(offsite < needed.offsite ? ["no copy offsite"] : []),
  ];
}

function describeBroken(verdict: {
  readonly volume: VolumeEvidence;
  readonly missing: readonly string[];
  readonly stale: readonly Freshness[];
}): string {
  const unbound = verdict.volume.bound ? [] : ["the PVC is not bound, so the volume itself does not count"];
  const because = [...unbound, ...verdict.stale.map(describeStale)];
  const what = `${verdict.volume.pvc} has ${verdict.missing.join(", ")}`;
  return because.length > 0 ? `${what} (${because.join("; ")})` : what;
}
