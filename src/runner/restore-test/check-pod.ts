import type { Check, MoverOptions } from "../../api/pods.ts";
import { durationSeconds } from "../../api/scalars.ts";
import type { Container, Job, OwnerReference } from "../../kube/types.ts";

/** The container's name, in every check's pod. */
export const checkContainer = "check";

export type CheckJob = {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly check: Check;
  /** The restored volume; the check may write to it, as a database that is started does. */
  readonly claim: string;
  /** The volume is a block device. */
  readonly isBlock: boolean;
  readonly options: MoverOptions;
};

/**
 * The Job of a user's check: their container as they wrote it, with the restored volume and without an API token. It is not tried
 * again: a check that passes only at the second time has failed. Its time limit counts from when a node takes the pod.
 */
export function checkJob({ name, namespace, labels, owner, check, claim, isBlock, options }: CheckJob): Job {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels, ownerReferences: [owner] },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          activeDeadlineSeconds: durationSeconds(check.timeout),
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          ...(options.nodeSelector ? { nodeSelector: options.nodeSelector } : {}),
          ...(options.tolerations ? { tolerations: options.tolerations } : {}),
          ...(options.imagePullSecrets ? { imagePullSecrets: options.imagePullSecrets } : {}),
          containers: [container(check, isBlock)],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
}

function container(check: Check, isBlock: boolean): Container {
  const { image, command, args, env, securityContext, mountPath, devicePath } = check;
  return {
    name: checkContainer,
    image,
    ...(command ? { command } : {}),
    ...(args ? { args } : {}),
    ...(env ? { env: env as unknown as Container["env"] } : {}),
    ...(securityContext ? { securityContext: securityContext as Container["securityContext"] } : {}),
    // The end of its output says why it failed, also when the pod is gone.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...(isBlock ? { volumeDevices: [{ name: "data", devicePath }] } : { volumeMounts: [{ name: "data", mountPath }] }),
  };
}
