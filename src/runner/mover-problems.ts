import type { ContainerStatus, Job, KubeEvent, PersistentVolumeClaim, Pod } from "../kube/types.ts";
import type { Patience } from "./context.ts";
import { runReason } from "./contract.ts";
import { isFinished } from "./mover-records.ts";
import { admissionAdvice, imageAdvice, nodeAdvice, quotaAdvice, roleOf, startAdvice } from "./pod-advice.ts";

/** What is seen of a Job whose pod does not come to run. */
export type Situation = {
  readonly job: Job;
  /** The newest pod of it, if there is one. */
  readonly pod: Pod | undefined;
  /** Events about the Job, the pod and the volume. */
  readonly events: readonly KubeEvent[];
  /** The volume the pod waits for. */
  readonly claim: PersistentVolumeClaim | undefined;
};

/** A state in which the pod cannot start. It may pass: only after `graceSeconds` is it a failure. */
export type Problem = {
  readonly reason: string;
  readonly message: string;
  readonly graceSeconds: number;
};

/** The reason why a Job's pod is not made or does not start, in what the API server, scheduler and kubelet say. */
export function findProblem(situation: Situation, patience: Patience): Problem | undefined {
  const { pod } = situation;
  if (!pod) return podNotMade(situation, patience);
  if (pod.metadata.deletionTimestamp && !isFinished(pod)) return podLost(pod, patience);
  if (pod.status?.phase !== "Pending") return undefined;
  const waiting = pod.status.containerStatuses
    ?.map((status) => containerProblem(status, situation, patience))
    .find(Boolean);
  return (
    waiting ??
    notProvisioned(situation, patience) ??
    notScheduled(pod, situation, patience) ??
    notMounted(pod, situation, patience)
  );
}

function podNotMade({ job, events }: Situation, patience: Patience): Problem | undefined {
  const event = newest(events, job, ["FailedCreate"]);
  if (!event) return undefined;
  const said = event.message ?? "no message";
  const role = roleOf(job);
  if (/exceeded quota/.test(said)) {
    const message = `the namespace's quota leaves no room for the pod: ${said}; ${quotaAdvice[role]}`;
    return { reason: runReason.quotaExceeded, message, graceSeconds: patience.quota };
  }
  const advice = admissionAdvice(said, { role, namespace: job.metadata.namespace });
  const message = `Kubernetes refused to make the pod: ${said}; ${advice}`;
  return { reason: runReason.podRefused, message, graceSeconds: patience.podRefused };
}

/** A pod that is being deleted and never ends is one whose node does not answer. */
function podLost(pod: Pod, patience: Patience): Problem {
  const where = pod.spec?.nodeName ? `the node ${pod.spec.nodeName}` : "its node";
  const message = `the pod ${pod.metadata.name} was deleted and does not end; see whether ${where} is well`;
  return { reason: runReason.moverLost, message, graceSeconds: patience.podLost };
}

const imageReasons = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"];
const refusedReasons = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

function containerProblem(status: ContainerStatus, { job, pod }: Situation, patience: Patience): Problem | undefined {
  const { reason = "", message: said = "" } = status.state?.waiting ?? {};
  const role = roleOf(job);
  if (imageReasons.includes(reason)) {
    const message = `the image ${status.image} cannot be had (${reason}): ${said}; ${imageAdvice[role]}`;
    return { reason: runReason.imageUnavailable, message, graceSeconds: patience.image };
  }
  if (!refusedReasons.includes(reason)) return undefined;
  const secret = missingSecret(said);
  if (secret) return { ...secret, graceSeconds: patience.secretMissing };
  const message = `the container cannot be started (${reason}): ${said}; ${startAdvice(role, pod?.spec?.nodeName)}`;
  return { reason: runReason.podRefused, message, graceSeconds: patience.podRefused };
}

function notProvisioned({ claim, events }: Situation, patience: Patience): Problem | undefined {
  if (!claim || claim.status?.phase === "Bound") return undefined;
  const event = newest(events, claim, ["ProvisioningFailed"]);
  if (!event) return undefined;
  const { storageClassName } = claim.spec ?? {};
  const storageClass = storageClassName ? `the StorageClass ${storageClassName}` : "its StorageClass";
  const message = `the volume ${claim.metadata.name} cannot be made: ${event.message}; look at ${storageClass} and its CSI driver`;
  return { reason: runReason.provisioningFailed, message, graceSeconds: patience.provisioning };
}

function notScheduled(pod: Pod, { job, events }: Situation, patience: Patience): Problem | undefined {
  const condition = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (condition?.status !== "False" || condition.reason !== "Unschedulable") return undefined;
  // The volume is still being made, which takes as long as it takes.
  if (/unbound immediate PersistentVolumeClaims/.test(condition.message ?? "")) return undefined;
  const scalingUp = newest(events, pod, ["TriggeredScaleUp", "Nominated"]) !== undefined;
  const message = `no node takes the pod: ${condition.message}; ${nodeAdvice[roleOf(job)]}`;
  const graceSeconds = scalingUp ? patience.scalingUp : patience.unschedulable;
  return { reason: runReason.unschedulable, message, graceSeconds };
}

function notMounted(pod: Pod, { events }: Situation, patience: Patience): Problem | undefined {
  const event = newest(events, pod, ["FailedMount", "FailedAttachVolume", "FailedMapVolume"]);
  if (!event) return undefined;
  const said = event.message ?? "no message";
  const secret = missingSecret(said);
  if (secret) return { ...secret, graceSeconds: patience.secretMissing };
  const node = pod.spec?.nodeName ? `the node ${pod.spec.nodeName}` : "the pod's node";
  // What a ConfigMap or a Secret is mounted from has no driver.
  const hasClaim = pod.spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
  const advice = hasClaim
    ? `look at the CSI driver on ${node}, and whether another node still has the volume`
    : `look at the kubelet of ${node}`;
  const message = `the pod's volumes cannot be mounted: ${said}; ${advice}`;
  return { reason: runReason.mountFailed, message, graceSeconds: patience.mount };
}

/** The kubelet's words for a Secret, or a key of it, that is not there. */
function missingSecret(said: string): Pick<Problem, "reason" | "message"> | undefined {
  const object = /secret "([^"]+)" not found/.exec(said)?.[1];
  if (object) return { reason: runReason.secretNotFound, message: `there is no Secret "${object}"; make it` };
  const key =
    /couldn't find key (\S+) in Secret (\S+)/.exec(said) ?? /references non-existent secret key: (\S+)/.exec(said);
  if (!key) return undefined;
  const where = key[2] ? `the Secret ${key[2]}` : "a Secret";
  return { reason: runReason.secretNotFound, message: `${where} has no key ${key[1]}; add it` };
}

/** The newest event about an object with one of these reasons. */
function newest(
  events: readonly KubeEvent[],
  about: { readonly metadata: { readonly uid?: string } },
  reasons: readonly string[],
): KubeEvent | undefined {
  return events
    .filter((event) => event.involvedObject.uid === about.metadata.uid && reasons.includes(event.reason ?? ""))
    .sort((a, b) => timeOf(a).localeCompare(timeOf(b)))
    .at(-1);
}

const timeOf = (event: KubeEvent): string =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "";
