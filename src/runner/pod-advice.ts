import { label } from "../api/names.ts";
import type { Job } from "../kube/types.ts";

/** Whose pod it is. Each takes other settings, so advice that helps one is wrong for the next. */
export type PodRole = "runner" | "mover" | "probe" | "check";

const roles: readonly string[] = ["runner", "mover", "probe", "check"] satisfies readonly PodRole[];

/** By the label that every Job of ours carries; a Job without it is taken for a mover's. */
export function roleOf({ metadata }: Job): PodRole {
  const component = metadata.labels?.[label.component] ?? "";
  return roles.includes(component) ? (component as PodRole) : "mover";
}

const byLimitRange = "a LimitRange of the namespace";

/** What a pod asks for that does not fit into a quota. */
export const quotaAdvice: Readonly<Record<PodRole, string>> = {
  runner: "raise the quota; what a runner asks for is fixed",
  mover: "raise the quota, or lower what spec.mover.resources asks for",
  probe: "raise the quota, or lower what the target's spec.probe.resources asks for",
  check: `raise the quota, or lower what ${byLimitRange} has the check ask for`,
};

export const imageAdvice: Readonly<Record<PodRole, string>> = {
  runner: "check its name, the registry and spec.mover.imagePullSecrets",
  mover: "check its name, the registry and spec.mover.imagePullSecrets",
  probe: "check its name, the registry and the target's spec.probe.imagePullSecrets",
  check: "check its name in spec.checks, the registry and spec.mover.imagePullSecrets",
};

export const nodeAdvice: Readonly<Record<PodRole, string>> = {
  runner: "make room, or change spec.mover.tolerations",
  mover: "make room, or change spec.mover (resources, nodeSelector, tolerations)",
  probe: "make room, or change the target's spec.probe (resources, nodeSelector, tolerations)",
  check: "make room, or change spec.mover (nodeSelector, tolerations)",
};

/** What to do about a container that was made and does not start. */
export function startAdvice(role: PodRole, nodeName: string | undefined): string {
  const node = `the kubelet and the container runtime of ${nodeName ? `the node ${nodeName}` : "its node"}`;
  return role === "check"
    ? `look at its command, env and securityContext in spec.checks, then at ${node}`
    : `look at ${node}`;
}

/** What to do about a pod that the API server does not admit, by what it says. */
export function admissionAdvice(said: string, { role, namespace }: { role: PodRole; namespace: string | undefined }) {
  const violated = /violates PodSecurity "(\w+):/.exec(said)?.[1];
  if (violated === "baseline" && role === "check") return "change its securityContext in spec.checks";
  // Movers of volumes run as root, and checks as their images say; the others pass `restricted`.
  if (violated === "restricted" && (role === "mover" || role === "check")) {
    const command = `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=baseline --overwrite`;
    return `the namespace must admit the pod-security level baseline: ${command}`;
  }
  if (/must specify/.test(said)) {
    if (role === "mover") return "the quota wants what spec.mover.resources can ask for: set it";
    if (role === "probe") return "the quota wants what the target's spec.probe.resources can ask for: set it";
    return `the quota wants what ${byLimitRange} can have the pod ask for: make one`;
  }
  return "see whose rule that is (a webhook or policy, a LimitRange), and have it admit Holdfast's pods";
}
