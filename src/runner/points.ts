import { annotation, label, labelValue } from "../api/names.ts";
import { parseRestorePoint, type RestorePoint } from "../api/objects.ts";
import type { Copy, RestorePointStatus } from "../api/restorepoint.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import { restorePoints } from "../kube/holdfast.ts";
import { copyTime } from "../policy/copies.ts";
import { fieldManager, type RunContext } from "./context.ts";

/** All restore points of a volume, of every policy. One that does not fit its schema is left out, and logged. */
export async function listPoints({ client, identity, log }: RunContext, pvc: string): Promise<RestorePoint[]> {
  const { namespace } = identity;
  const labelSelector = `${label.pvc}=${labelValue(pvc)}`;
  const { items } = await client.list(restorePoints, { namespace, labelSelector });
  return items.flatMap((raw) => {
    try {
      const point = parseRestorePoint(raw);
      return point.spec.pvc.name === pvc ? [point] : [];
    } catch (error) {
      log.warn({ err: error }, "passing over a restore point that is not valid");
      return [];
    }
  });
}

/**
 * Sets all of a status that runs own; what a RestoreTest wrote (`verified`) stays as it is. `false` where somebody deleted the point
 * meanwhile: the UID keeps it from being made again half.
 */
export async function writeStatus(
  { client }: RunContext,
  point: Pick<RestorePoint, "apiVersion" | "kind" | "metadata">,
  status: RestorePointStatus,
): Promise<boolean> {
  const { name, namespace, uid } = point.metadata;
  const object = {
    apiVersion: point.apiVersion,
    kind: point.kind,
    metadata: { name, namespace, uid },
    status: { ...status, copies: status.copies?.map(withoutVerified) },
  };
  try {
    await client.apply(restorePoints, object, { fieldManager, subresource: "status" });
    return true;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}

const withoutVerified = ({ verified: _, ...copy }: Copy): Copy => copy;

/** A snapshot is in the store, good or incomplete. */
export const isStored = ({ state }: Pick<Copy, "state">): boolean => state === "Good" || state === "Incomplete";

/** Milliseconds since 1970 that the data of a copy is from, whichever clock was ahead. */
export const timeOfCopy = (
  { spec }: Pick<RestorePoint, "spec">,
  { completionTime }: Pick<Copy, "completionTime">,
): number => copyTime(spec.time, completionTime);

/** Somebody wants it kept, whatever the rules say. */
export const isHeld = ({ metadata }: Pick<RestorePoint, "metadata">): boolean =>
  (metadata.annotations?.[annotation.hold] ?? "false") !== "false";

/** These points as `present` has them; those that are not there any more, or were made again, are left out. */
export function asPresent(points: readonly RestorePoint[], present: readonly RestorePoint[]): readonly RestorePoint[] {
  const byUid = new Map(present.map((point) => [point.metadata.uid, point]));
  return points.flatMap(({ metadata }) => byUid.get(metadata.uid) ?? []);
}
