import { label, labelValue, manager } from "../../api/names.ts";
import type { MoverOptions } from "../../api/pods.ts";
import type { JobSpec, PodSpec } from "../../kube/types.ts";
import { runnerEnv, runnerServiceAccount } from "../../runner/contract.ts";

/** What a runner is started with. */
export type RunnerPod = {
  /** After the image's entry point, such as `runner backup --policy shop --schedule nightly`. */
  readonly args: readonly string[];
  readonly image: string;
  readonly imagePullPolicy: string | undefined;
  /** What is said of the movers: a runner, too, needs its image, and a node that takes it. */
  readonly mover: Pick<MoverOptions, "imagePullSecrets" | "tolerations">;
  /** On the Job and its pods. */
  readonly labels: Readonly<Record<string, string>>;
};

/** The container's name in every runner pod. */
export const runnerContainer = "runner";

/** Labels of a runner's Job and pod: whose run it is, by short names that are cut to what a label takes. */
export function runnerLabels(of: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(of).map(([key, value]) => [key, labelValue(value)]);
  return { [label.managedBy]: manager, [label.component]: "runner", ...Object.fromEntries(own) };
}

/** A run that hangs must not hold up its schedule for ever. Movers have their own, shorter limit (`spec.mover.timeLimit`). */
const longestRunSeconds = 7 * 24 * 3600;

/** The runner says 1 (failed) or 3 (incomplete) when trying again would not help. */
const finalExitCodes = [1, 3];

/**
 * The Job of a runner. Its pod is tried again where it was killed or evicted, and then goes on with the same run; an end of
 * its own is final. The pod fits the pod-security level `restricted` and holds no storage credentials.
 */
export function runnerJobSpec(runner: RunnerPod): JobSpec {
  return {
    backoffLimit: 3,
    activeDeadlineSeconds: longestRunSeconds,
    podFailurePolicy: {
      rules: [
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        {
          action: "FailJob",
          onExitCodes: { containerName: runnerContainer, operator: "In", values: finalExitCodes },
        },
      ],
    },
    template: { metadata: { labels: runner.labels }, spec: podSpec(runner) },
  };
}

function podSpec(runner: RunnerPod): PodSpec {
  const { imagePullSecrets, tolerations } = runner.mover;
  return {
    restartPolicy: "Never",
    serviceAccountName: runnerServiceAccount,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...(tolerations ? { tolerations } : {}),
    containers: [
      {
        name: runnerContainer,
        image: runner.image,
        ...(runner.imagePullPolicy ? { imagePullPolicy: runner.imagePullPolicy } : {}),
        args: runner.args,
        env: environment(runner),
        resources: { requests: { cpu: "20m", memory: "96Mi" }, limits: { memory: "512Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        // A runner that dies without a report leaves the end of its log in the report's place.
        terminationMessagePolicy: "FallbackToLogsOnError",
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
      },
    ],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}

type EnvVar = { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } };

function environment(runner: RunnerPod): EnvVar[] {
  const field = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return [
    field(runnerEnv.namespace, "metadata.namespace"),
    field(runnerEnv.podName, "metadata.name"),
    field(runnerEnv.podUid, "metadata.uid"),
    field(runnerEnv.jobName, "metadata.labels['batch.kubernetes.io/job-name']"),
    field(runnerEnv.jobUid, "metadata.labels['batch.kubernetes.io/controller-uid']"),
    { name: runnerEnv.image, value: runner.image },
    ...(runner.imagePullPolicy ? [{ name: runnerEnv.imagePullPolicy, value: runner.imagePullPolicy }] : []),
  ];
}
