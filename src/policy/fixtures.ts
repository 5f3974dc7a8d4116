import type { CopyState } from "../api/restorepoint.ts";
import type { Evidence, PointEvidence, TargetEvidence, TestEvidence, VolumeEvidence } from "./evidence.ts";

/** Evidence for tests: a policy with one old volume and two targets, RPO 24 h, RTO 30 min, verified within 7 days. */

export const now = new Date("2026-11-23T12:00:00Z");

/** The instant this many hours before `now`. */
export const hoursAgo = (hours: number): string => new Date(now.getTime() - hours * 3600_000).toISOString();

export const volume = (pvc: string, more: Partial<VolumeEvidence> = {}): VolumeEvidence => ({
  pvc,
  uid: `uid-of-${pvc}`,
  created: hoursAgo(1000),
  bound: true,
  medium: "disk",
  ...more,
});

export const onprem: TargetEvidence = {
  name: "onprem",
  media: "object-storage",
  offsite: false,
  kinds: ["chain"],
  store: "a:1/backups",
};
export const offsite: TargetEvidence = {
  name: "offsite",
  media: "object-storage",
  offsite: true,
  kinds: ["chain"],
  store: "b:1/backups",
};

/** A point of this many hours ago, with the state of its copy on each target. */
export const point = (pvc: string, hours: number, copies: Record<string, CopyState>, pvcUid = `uid-of-${pvc}`) =>
  ({
    name: `${pvc}-${hours}`,
    pvc,
    pvcUid,
    kind: "chain",
    time: hoursAgo(hours),
    copies: Object.entries(copies).map(([target, state]) => ({ target, state })),
  }) satisfies PointEvidence;

export const restoreTest = (
  pvc: string,
  target: string,
  hours: number,
  more: Partial<TestEvidence> = {},
): TestEvidence => ({
  pvc,
  target,
  kind: "chain",
  result: "Passed",
  time: hoursAgo(hours),
  restoreSeconds: 60,
  ...more,
});

export const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  volumes: [volume("data")],
  targets: [onprem, offsite],
  points: [],
  tests: [],
  objectives: { rpoSeconds: 24 * 3600, rtoSeconds: 1800, verifiedWithinSeconds: 7 * 86400 },
  ...more,
});
