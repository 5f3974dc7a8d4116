import { label, manager } from "../../api/names.ts";
import type { KubeObject, Stored } from "../../kube/types.ts";
import { keptAnnotation } from "../../runner/names.ts";

/** What is known of a run, for its leftovers: gone or ended long ago means that nobody needs them any more. */
export type RunState = "Active" | "EndedJustNow" | "Over";

/**
 * What dead runs left behind, of one kind of objects. A run tidies up after itself, and most of what it makes goes with its
 * Job; this is for runs that were killed. Only objects that say they belong to a run are ever taken.
 */
export function selectLeftovers<T extends KubeObject>(options: {
  readonly objects: readonly Stored<T>[];
  readonly stateOf: (run: string) => RunState;
}): readonly Stored<T>[] {
  return options.objects.filter((object) => {
    const run = object.metadata.labels?.[label.run];
    return run !== undefined && isTemporary(object) && options.stateOf(run) === "Over";
  });
}

function isTemporary({ metadata }: Stored<KubeObject>): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (metadata.labels?.[label.managedBy] !== manager) return false;
  return metadata.annotations?.[keptAnnotation] === undefined;
}

/**
 * Of PVCs, only those that are owned by the run's Job: a volume with restored data belongs to nobody, and is never deleted,
 * whatever its labels say.
 */
export function selectClaims<T extends KubeObject>(
  options: Parameters<typeof selectLeftovers<T>>[0],
): readonly Stored<T>[] {
  return selectLeftovers(options).filter(({ metadata }) => {
    if (metadata.labels?.[label.restore] !== undefined) return false;
    const run = metadata.labels?.[label.run];
    return (metadata.ownerReferences ?? []).some((owner) => owner.kind === "Job" && owner.uid === run);
  });
}
