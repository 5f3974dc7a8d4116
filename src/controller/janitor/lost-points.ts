import type { RestorePoint } from "../../api/objects.ts";
import type { Copy, RestorePointStatus } from "../../api/restorepoint.ts";
import type { Stored } from "../../kube/types.ts";
import { summaryReason } from "../runs/summary.ts";

/** A point without any status is given this long: whoever brings points into a new cluster makes them first, and then writes what they say. */
const statusComesWithinMs = 5 * 60_000;

/** Restore points that still say `InProgress` although nobody works on them any more. */
export const lostPoints = (
  points: readonly Stored<RestorePoint>[],
  isOver: (run: string) => boolean,
  now: Date,
): readonly Stored<RestorePoint>[] =>
  points.filter(({ metadata, spec, status }) => {
    const { phase = "InProgress" } = status ?? {};
    const age = now.getTime() - Date.parse(metadata.creationTimestamp);
    const isAwaited = status?.phase === undefined && age < statusComesWithinMs;
    return phase === "InProgress" && !metadata.deletionTimestamp && !isAwaited && isOver(spec.run);
  });

/**
 * How such a point ended: what its run had confirmed stays good, the rest has failed. Without what RestoreTests wrote (`verified`), which
 * stays theirs.
 */
export function lostStatus({ status }: RestorePoint, now: Date): RestorePointStatus {
  const message =
    "the run that made this restore point ended without finishing it; what it stored is found again by the next run";
  const copies = status?.copies?.map(
    ({ verified: _, ...copy }): Copy =>
      copy.state === "InProgress" ? { ...copy, state: "Failed", reason: summaryReason.runLost, message } : copy,
  );
  const good = copies?.some((copy) => copy.state === "Good") ?? false;
  const { progress: _, ...rest } = status ?? {};
  return {
    ...rest,
    phase: good ? "Degraded" : "Failed",
    message: `RunLost: ${message}`,
    completionTime: now.toISOString(),
    copies,
  };
}
