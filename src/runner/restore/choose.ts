import type { RestorePoint } from "../../api/objects.ts";
import type { Copy } from "../../api/restorepoint.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { timeOfCopy } from "../points.ts";

/** A restore point and the copy of it to read. */
export type Choice = { readonly point: RestorePoint; readonly copy: Copy & { readonly snapshot: string } };

/** The newest point with a good copy whose data is not younger than `asOf`. Throws `NoRestorePoint`. */
export function chooseByTime(options: {
  /** Of one policy and volume. */
  readonly points: readonly RestorePoint[];
  readonly pvc: string;
  readonly asOf: string | undefined;
  readonly target: string | undefined;
}): Choice {
  const { points, pvc, asOf, target } = options;
  const limit = asOf === undefined ? Number.POSITIVE_INFINITY : Date.parse(asOf);
  const [newest] = points
    .flatMap((point) => {
      const copy = goodCopy(point, target);
      return copy ? [{ point, copy, time: timeOfCopy(point, copy) }] : [];
    })
    .filter(({ time }) => time <= limit)
    .toSorted((a, b) => b.time - a.time);
  if (newest) return { point: newest.point, copy: newest.copy };
  const when = asOf === undefined ? "" : ` from ${asOf} or before`;
  const where = target === undefined ? "" : ` on ${target}`;
  throw new RunFailure(
    runReason.noRestorePoint,
    `there is no good restore point of PVC ${pvc}${when}${where}; see what there is with: kubectl get restorepoints`,
  );
}

/**
 * A good copy of this very point. An incomplete one is read only where it is asked for by its target's name: it may be all that
 * is left.
 */
export function chooseCopy(point: RestorePoint, target: string | undefined): Choice {
  const asked = target === undefined ? undefined : copyOn(point, target, ["Good", "Incomplete"]);
  const copy = asked ?? goodCopy(point, target);
  if (copy) return { point, copy };
  const states = (point.status?.copies ?? []).map((one) => `${one.target}: ${one.state}`).join(", ") || "none";
  const where = target === undefined ? "" : ` on ${target}`;
  throw new RunFailure(
    runReason.noRestorePoint,
    `the restore point ${point.metadata.name} has no copy to restore from${where} (its copies are ${states}); choose another`,
  );
}

/**
 * The copy that an earlier attempt had begun to restore, whatever has become of its state: a newer point, which would be chosen now, is not what
 * comes of that. Undefined where nothing was chosen, or the copy has another snapshot by now, or none.
 */
export function chooseAgain(
  point: RestorePoint,
  before: { readonly target?: string | undefined; readonly snapshot?: string | undefined } | undefined,
): Choice | undefined {
  const copy = point.status?.copies?.find(
    (each): each is Choice["copy"] => each.target === before?.target && each.snapshot !== undefined,
  );
  return copy && copy.snapshot === before?.snapshot ? { point, copy } : undefined;
}

export const goodCopy = (point: RestorePoint, target: string | undefined): Choice["copy"] | undefined =>
  copyOn(point, target, ["Good"]);

function copyOn(
  point: RestorePoint,
  target: string | undefined,
  states: readonly Copy["state"][],
): Choice["copy"] | undefined {
  return point.status?.copies?.find(
    (copy): copy is Choice["copy"] =>
      copy.snapshot !== undefined && states.includes(copy.state) && (target === undefined || copy.target === target),
  );
}
