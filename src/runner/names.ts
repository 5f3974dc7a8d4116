import { fitName, label, labelValue, manager } from "../api/names.ts";

/** What an object that a run makes is for, beside those of `label.component`. */
export type Component = "mover" | "check" | "snapshot" | "clone" | "scratch";

/** On a scratch volume that a failed RestoreTest left to be looked at: the run that made it. The next run removes it. */
export const keptAnnotation = "holdfast.dev/kept";

/** On a VolumeSnapshot: the UID of the PVC that it is of, which may be replaced by another one of its name at any moment. */
export const volumeUidAnnotation = "holdfast.dev/pvc-uid";

/** The beginning of a run's UID, for names. */
const short = (run: string): string => run.replaceAll("-", "").slice(0, 8);

/**
 * The name of an object that a run makes: the same at every attempt of the run, and at most 63 characters, so that it also
 * does for Jobs and their pods' labels.
 */
export const runObjectName = (run: string, ...parts: readonly string[]): string =>
  fitName(["holdfast", short(run), ...parts].join("-"), 63);

/** The Lease that runs on one PVC serialise by. */
export const volumeLeaseName = (pvc: string): string => fitName(`holdfast-${pvc}`, 253);

/** Labels of an object that a run makes. Never a user's own: tools that track objects by labels would take it for theirs. */
export function runLabels(input: {
  readonly run: string;
  readonly component: Component;
  readonly pvc?: string;
  readonly policy?: string;
  readonly schedule?: string;
  readonly restore?: string;
  readonly restoreTest?: string;
}): Record<string, string> {
  const labels: [string, string | undefined][] = [
    [label.managedBy, manager],
    [label.component, input.component],
    [label.run, input.run],
    [label.pvc, input.pvc],
    [label.policy, input.policy],
    [label.schedule, input.schedule],
    [label.restore, input.restore],
    [label.restoreTest, input.restoreTest],
  ];
  return Object.fromEntries(labels.flatMap(([key, value]) => (value ? [[key, labelValue(value)]] : [])));
}

/** `20261123-010000`, in UTC. */
export const compactTime = (time: Date): string =>
  time
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, "")
    .replace("T", "-");

/**
 * A RestorePoint's name: `<pvc>-20261123-010000`, with the beginning of the run's UID behind it where that name is taken by
 * another policy or run.
 */
export function restorePointName(input: { readonly pvc: string; readonly time: Date; readonly run?: string }): string {
  const stem = `${fitName(input.pvc, 220)}-${compactTime(input.time)}`;
  return input.run ? `${stem}-${short(input.run)}` : stem;
}
