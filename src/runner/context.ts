import type { Logger } from "pino";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events.ts";
import type { OwnerReference } from "../kube/types.ts";
import type { RunIdentity } from "./environment.ts";

/** How long the runner looks on, in seconds, before a state that may pass counts as a failure. */
export type Patience = {
  /** For another run to let go of the volume. */
  readonly volumeBusy: number;
  /** For a pod that no node takes. */
  readonly unschedulable: number;
  /** The same while a cluster autoscaler says that it makes a node. */
  readonly scalingUp: number;
  readonly quota: number;
  readonly podRefused: number;
  readonly secretMissing: number;
  readonly mount: number;
  readonly image: number;
  /** For a pod that is being deleted to be gone. */
  readonly podLost: number;
  readonly provisioning: number;
  /** For a VolumeSnapshot to be taken, and for an error of it to pass. */
  readonly snapshot: number;
  readonly snapshotError: number;
  /** For what was deleted to be gone. */
  readonly cleanUp: number;
};

export const defaultPatience: Patience = {
  volumeBusy: 1800,
  unschedulable: 60,
  scalingUp: 900,
  quota: 20,
  podRefused: 20,
  secretMissing: 30,
  mount: 180,
  image: 45,
  podLost: 300,
  provisioning: 120,
  snapshot: 600,
  snapshotError: 30,
  cleanUp: 120,
};

/** What every step of a run has at hand. */
export type RunContext = {
  readonly client: KubeClient;
  readonly identity: RunIdentity;
  /** The run's Job, as the owner of everything that the run makes. */
  readonly owner: OwnerReference;
  readonly log: Logger;
  readonly recordEvent: EventRecorder;
  readonly patience: Patience;
  /** Aborted when the runner is told to stop. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
};

/** Who writes the fields of a run under server-side apply. */
export const fieldManager = "holdfast-runner";

/** The same run with another signal, such as one that also ends when a Lease is lost. */
export const withSignal = (context: RunContext, signal: AbortSignal): RunContext => ({
  ...context,
  signal: AbortSignal.any([context.signal, signal]),
});

/** For what has to be done even when the run was told to stop; then it is not waited for long, as the pod will be killed. */
export const undisturbed = (context: RunContext): RunContext => ({
  ...context,
  signal: new AbortController().signal,
  patience: context.signal.aborted
    ? { ...context.patience, cleanUp: Math.min(20, context.patience.cleanUp) }
    : context.patience,
});
