import { annotation } from "../../api/names.ts";
import type { RestorePoint } from "../../api/objects.ts";
import type { Copy, RestorePointStatus } from "../../api/restorepoint.ts";
import { mirrorChain } from "../../policy/chains.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { isHeld, isStored, timeOfCopy, writeStatus } from "../points.ts";
import type { MirrorSettings } from "./move.ts";
import type { BackupPlan } from "./resolve.ts";

/** What a schedule and its policy say of the mirror; undefined for the other types. */
export function mirrorSettings({ schedule, policy }: BackupPlan): MirrorSettings | undefined {
  if (!schedule.mirror) return undefined;
  const tokens = policy.metadata.annotations?.[annotation.acknowledge] ?? "";
  return {
    maximumChange: schedule.mirror.maximumChange,
    acknowledge: tokens.split(/[\s,]+/).filter((token) => token !== ""),
  };
}

/** A mirror keeps nothing but its newest state, so a state that is to be kept keeps the mirror as it is. Throws `PointHeld`. */
export function assertNotHeld(points: readonly RestorePoint[]): void {
  const held = points.find(
    (point) => point.spec.chain === mirrorChain && point.status?.copies?.some(isStored) && isHeld(point),
  );
  if (!held) return;
  throw new RunFailure(
    runReason.pointHeld,
    `the restore point ${held.metadata.name} is on hold, and a mirror has no history: the next run would replace what is held; take the annotation ${annotation.hold} from it`,
  );
}

/**
 * The status of a point whose mirror a newer good run has replaced on these targets; undefined where nothing changes. A run that is resumed after its mirror
 * was done may find that it is the older one. The time that data is from is the storage system's, whose clock may have been ahead.
 */
export function supersededStatus(point: RestorePoint, current: RestorePoint): RestorePointStatus | undefined {
  if (point.spec.chain !== mirrorChain || current.spec.chain !== mirrorChain) return undefined;
  const newer = new Map(
    (current.status?.copies ?? []).filter(({ state }) => state === "Good").map((copy) => [copy.target, copy]),
  );
  const isReplaced = (copy: Copy): boolean => {
    const by = newer.get(copy.target);
    if (!by || !isStored(copy)) return false;
    return timeOfCopy(point, copy) < timeOfCopy(current, by);
  };
  if (!point.status?.copies?.some(isReplaced)) return undefined;
  const message = `the mirror is that of ${current.metadata.name} now`;
  const copies = point.status.copies.map(
    (copy): Copy => (isReplaced(copy) ? { ...copy, state: "Pruned", message } : copy),
  );
  return { ...point.status, copies };
}

/** Says of the points of a mirror that a newer good one took their place. Gives all points as they are now. */
export const supersede = (
  context: RunContext,
  points: readonly RestorePoint[],
  current: RestorePoint,
): Promise<readonly RestorePoint[]> =>
  Promise.all(
    points.map(async (point) => {
      const status = supersededStatus(point, current);
      if (!status) return point;
      await writeStatus(context, point, status);
      return { ...point, status };
    }),
  );
