import type { Job, Pod } from "../../kube/types.ts";
import { type RunReport, runReport } from "../../runner/contract.ts";
import { runnerContainer } from "../cronjobs/runner-job.ts";

/** How far a Job is. `failure` says why Kubernetes gave it up. */
export type JobState =
  | { readonly state: "Running" }
  | { readonly state: "Complete"; readonly at: string }
  | { readonly state: "Failed"; readonly at: string; readonly reason: string; readonly message: string };

export function jobState(job: Job): JobState {
  for (const { type, status, lastTransitionTime, reason, message } of job.status?.conditions ?? []) {
    if (status !== "True") continue;
    const at = job.status?.completionTime ?? lastTransitionTime ?? "";
    if (type === "Complete") return { state: "Complete", at };
    if (type === "Failed")
      return { state: "Failed", at, reason: reason || "Failed", message: message || "the Job failed" };
  }
  return { state: "Running" };
}

/** The pod of a Job that was made last. */
export function newestPod<T extends Pod>(pods: readonly T[]): T | undefined {
  return pods.toSorted((a, b) => createdAt(a) - createdAt(b)).at(-1);
}

const createdAt = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? "");

type Terminated = {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
};

export function terminatedContainer(pod: Pod | undefined, container: string): Terminated | undefined {
  return pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated;
}

/** What the runner of a pod said at its end; `undefined` where it said nothing that can be read. */
export function reportOf(pod: Pod | undefined): RunReport | undefined {
  const message = terminatedContainer(pod, runnerContainer)?.message;
  if (!message) return undefined;
  try {
    return runReport.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}
