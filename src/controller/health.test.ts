import { expect, it } from "vitest";
import { type CacheHealth, whyNotReady } from "./health.ts";

const cache = (kind: string, more: Partial<CacheHealth> = {}): CacheHealth => ({
  kind,
  optional: false,
  synced: true,
  silentSeconds: 0,
  ...more,
});
const leader = { answered: true, leading: true };
const standby = { answered: true, leading: false };

it.each<[string, typeof leader, readonly CacheHealth[], RegExp | undefined]>([
  ["before the API server has answered", { answered: false, leading: false }, [], /waiting for the API server/],
  ["as a standby", standby, [cache("Pod", { synced: false, silentSeconds: undefined })], undefined],
  ["as a leader that knows the cluster", leader, [cache("Pod"), cache("Job", { silentSeconds: 1200 })], undefined],
  [
    "while something was never listed",
    leader,
    [cache("Pod"), cache("Job", { synced: false })],
    /first list of Job; the log/,
  ],
  [
    "when it is told nothing of a kind any more",
    leader,
    [cache("Pod", { silentSeconds: 1201 }), cache("Job", { silentSeconds: 5000 }), cache("Lease")],
    /nothing was heard of Pod, Job for more than 20 minutes/,
  ],
  [
    "when it is told nothing of a kind that need not be there",
    leader,
    [cache("VolumeSnapshotClass", { optional: true, silentSeconds: 5000 })],
    undefined,
  ],
])("%s", (_, life, caches, expected) => {
  const reason = whyNotReady(life, caches);
  if (expected) expect(reason).toMatch(expected);
  else expect(reason).toBeUndefined();
});
