import type { RestorePoint } from "../../api/objects.ts";
import type { RestoreTestSpec } from "../../api/restoretest.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { timeOfCopy } from "../points.ts";
import { type Choice, goodCopy } from "../restore/choose.ts";

/**
 * The restore point to test on one target, afresh at each run: among those of this very PVC (its UID) with a good copy there. Throws
 * `NoRestorePoint` where there is none.
 */
export function selectPoint(options: {
  /** Of one policy and volume. */
  readonly points: readonly RestorePoint[];
  readonly pvc: { readonly name: string; readonly uid: string };
  readonly target: string;
  readonly which: RestoreTestSpec["select"]["which"];
  /** From 0 to less than 1, as `Math.random`. */
  readonly random: () => number;
}): Choice {
  const { pvc, target, which } = options;
  const oldestFirst = options.points
    .filter(({ spec }) => spec.pvc.uid === pvc.uid)
    .flatMap((point): Choice[] => {
      const copy = goodCopy(point, target);
      return copy ? [{ point, copy }] : [];
    })
    .toSorted((a, b) => timeOfCopy(a.point, a.copy) - timeOfCopy(b.point, b.copy));
  const index = { Oldest: 0, Latest: -1, Random: Math.floor(options.random() * oldestFirst.length) }[which];
  const chosen = oldestFirst.at(index);
  if (chosen) return chosen;
  throw new RunFailure(
    runReason.noRestorePoint,
    `PVC ${pvc.name} has no good restore point on ${target} to restore; see why with: kubectl get restorepoints`,
  );
}
