import type { RestorePoint } from "../../api/objects.ts";
import type { RestoreTestSpec } from "../../api/restoretest.ts";
import { clockSkewMilliseconds } from "../../policy/copies.ts";
import { type CopyKind, copyKind } from "../../policy/copy-kind.ts";
import { durationText, utc } from "../../policy/text.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { timeOfCopy } from "../points.ts";
import { type Choice, goodCopy } from "../restore/choose.ts";

/**
 * The restore point to test on one target, afresh at each run: among those of this very PVC (its UID) and of one kind, with a good copy there.
 * Throws `NoRestorePoint` where there is none.
 */
export function selectPoint(options: {
  /** Of one policy and volume. */
  readonly points: readonly RestorePoint[];
  readonly pvc: { readonly name: string; readonly uid: string };
  readonly target: string;
  readonly kind: CopyKind;
  readonly which: RestoreTestSpec["select"]["which"];
  /** From 0 to less than 1, as `Math.random`. */
  readonly random: () => number;
}): Choice {
  const { pvc, target, kind, which } = options;
  const oldestFirst = goodCopies(options)
    .filter(({ point }) => copyKind(point.spec.type) === kind)
    .toSorted((a, b) => timeOf(a) - timeOf(b));
  const index = { Oldest: 0, Latest: -1, Random: Math.floor(options.random() * oldestFirst.length) }[which];
  const chosen = oldestFirst.at(index);
  if (chosen) return chosen;
  throw new RunFailure(
    runReason.noRestorePoint,
    `PVC ${pvc.name} has no good ${kind === "mirror" ? "mirror" : "restore point"} on ${target} to restore; see why with: kubectl get restorepoints`,
  );
}

/**
 * A newest point that restores proves little once backups have stopped. Throws `RestorePointTooOld` where the newest good copy of the volume on
 * the target, of whatever kind, is older than it may be, or where none has a time that can be believed.
 */
export function assertFresh(options: {
  readonly points: readonly RestorePoint[];
  readonly pvc: { readonly name: string; readonly uid: string };
  readonly target: string;
  readonly maxAgeSeconds: number;
  readonly now: Date;
}): void {
  const { pvc, target, maxAgeSeconds } = options;
  const now = options.now.getTime();
  const times = goodCopies(options)
    .map(timeOf)
    .filter((time) => time <= now + clockSkewMilliseconds);
  if (times.length === 0) {
    throw new RunFailure(
      runReason.restorePointTooOld,
      `what was restored is as it was backed up, but every good copy of PVC ${pvc.name} on ${target} is dated ahead of the runner's clock, so nobody knows how old its data is; set the clocks right, of the nodes and of the storage, and run a backup`,
    );
  }
  const newest = Math.max(...times);
  if (now - newest <= maxAgeSeconds * 1000) return;
  throw new RunFailure(
    runReason.restorePointTooOld,
    `what was restored is as it was backed up, but the newest good copy of PVC ${pvc.name} on ${target} is from ${utc(new Date(newest))}, older than the ${durationText(maxAgeSeconds)} that it may be; see why there is no newer one with: kubectl get restorepoints`,
  );
}

const goodCopies = (of: {
  readonly points: readonly RestorePoint[];
  readonly pvc: { readonly uid: string };
  readonly target: string;
}): readonly Choice[] =>
  of.points
    .filter(({ spec }) => spec.pvc.uid === of.pvc.uid)
    .flatMap((point) => {
      const copy = goodCopy(point, of.target);
      return copy ? [{ point, copy }] : [];
    });

const timeOf = ({ point, copy }: Choice): number => timeOfCopy(point, copy);
