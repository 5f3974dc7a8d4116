import { byTime, isIncomplete } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";

/**
 * What a person should know of a snapshot that lacks something: and, of `all` there are, which one of the same place was the last
 * that lacks nothing. Undefined for one that lacks nothing itself.
 */
export function noticeOfIncomplete(snapshot: Snapshot, all: readonly Snapshot[]): string | undefined {
  if (!isIncomplete(snapshot)) return undefined;
  const isSamePlace = ({ hostname, paths }: Snapshot): boolean =>
    hostname === snapshot.hostname && paths.join("\0") === snapshot.paths.join("\0");
  const whole = all
    .filter((each) => isSamePlace(each) && !isIncomplete(each) && byTime(each, snapshot) <= 0)
    .toSorted(byTime)
    .at(-1);
  const better = whole
    ? ` The newest before it that lacks nothing is ${whole.id.slice(0, 8)}, of ${whole.time.slice(0, 19)}.`
    : "";
  return (
    `Snapshot ${snapshot.id.slice(0, 8)} is incomplete: paths could not be read when it was made, or its source was empty or ` +
    `wholly left out.${better}`
  );
}
