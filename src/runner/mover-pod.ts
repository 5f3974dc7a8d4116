import type { MoverOptions } from "../api/pods.ts";
import { durationSeconds } from "../api/scalars.ts";
import { exitCode, resultFileVariable } from "../contract/results.ts";
import type { ConfigMap, Container, Job, OwnerReference, PodSpec, Volume } from "../kube/types.ts";

/**
 * The Job of a mover: the pod that touches data. It holds no API token and only the capabilities its task needs; what it
 * shall do is a file from a ConfigMap, and storage credentials are files, one folder per target.
 */

export type MoverCommand = "backup" | "restore" | "verify" | "forget" | "probe" | "wait";

/** The container's name, in every mover pod. */
export const moverContainer = "mover";
/** Where the volume is mounted: read-only at `source` for a backup, at `target` to restore into or to verify. */
export const mountPaths = { source: "/source", target: "/target" } as const;
/** The same for a volume that is a block device. */
export const devicePaths = { source: "/dev/holdfast-source", target: "/dev/holdfast-target" } as const;
/** The environment variable with the pod's UID, which the mover takes for its name in restic's lock files. */
export const lockHolderVariable = "HOLDFAST_LOCK_HOLDER";
/** The largest restart count: a mover that was killed is tried again, one that failed by itself is not. */
const restarts = 2;

const configFolder = "/etc/holdfast";
const configFile = "config.json";
/** Where the mover finds its configuration. */
export const configPath = `${configFolder}/${configFile}`;
const credentialsFolder = "/credentials";
const passwordFile = "password";

/** A target's Secrets, by name. */
export type CredentialMount = {
  /** The BackupTarget's name; also the folder's. */
  readonly target: string;
  readonly s3Secret: string;
  readonly passwordSecret: { readonly name: string; readonly key: string };
};

/** Where a target's credentials are inside of the pod, as the mover's configuration names them. */
export function credentialPaths(target: string): { credentialsDirectory: string; passwordFile: string } {
  const credentialsDirectory = `${credentialsFolder}/${target}`;
  return { credentialsDirectory, passwordFile: `${credentialsDirectory}/${passwordFile}` };
}

export type MoverVolume = {
  readonly claim: string;
  /** Where the pod finds it: `mountPaths` or `devicePaths`. */
  readonly path: string;
  readonly readOnly: boolean;
  /** It is handed over as a device, and not mounted. */
  readonly isBlock: boolean;
};

export type MoverJob = {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner?: OwnerReference;
  readonly command: MoverCommand;
  readonly image: string;
  readonly imagePullPolicy?: string;
  /** Name of the ConfigMap that `moverConfigMap` makes. */
  readonly configMap: string;
  readonly credentials: readonly CredentialMount[];
  readonly volume?: MoverVolume;
  readonly options: MoverOptions;
  /** `spec.nodeAffinity.required` of the source's PersistentVolume: where its snapshot can be read. */
  readonly nodeAffinity?: unknown;
  /** Tolerations of the pod that uses the source, beside those of the policy. */
  readonly tolerations?: readonly object[];
  readonly ttlSecondsAfterFinished?: number;
};

/** The configuration as the mover's pod gets it. Holds no secrets, only the folders they are mounted at. */
export function moverConfigMap(
  input: Pick<MoverJob, "name" | "namespace" | "labels" | "owner"> & { config: object },
): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: input.name, namespace: input.namespace, labels: input.labels, ...ownedBy(input.owner) },
    immutable: true,
    data: { [configFile]: JSON.stringify(input.config) },
  };
}

/**
 * The Job for one task. Exit codes of the mover end it at once, disruptions do not count as failures. A restore has one pod only: another one
 * would find the volume half full, so whoever made the volume begins anew.
 */
export function moverJob(input: MoverJob): Job {
  const hasOnePod = input.command === "restore";
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: input.name, namespace: input.namespace, labels: input.labels, ...ownedBy(input.owner) },
    spec: {
      backoffLimit: hasOnePod ? 0 : restarts,
      activeDeadlineSeconds: durationSeconds(input.options.timeLimit),
      ...(input.ttlSecondsAfterFinished === undefined
        ? {}
        : { ttlSecondsAfterFinished: input.ttlSecondsAfterFinished }),
      podFailurePolicy: {
        rules: [
          {
            action: hasOnePod ? "FailJob" : "Ignore",
            onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
          },
          {
            action: "FailJob",
            onExitCodes: { containerName: moverContainer, operator: "In", values: [...finalExitCodes] },
          },
        ],
      },
      template: { metadata: { labels: input.labels }, spec: podSpec(input) },
    },
  };
}

/** Exit codes with which a mover says that trying again will not help; others (killed, interrupted) are tried again. */
export const finalExitCodes: readonly number[] = [
  exitCode.failed,
  exitCode.incomplete,
  exitCode.noRepository,
  exitCode.locked,
  exitCode.wrongPassword,
];

function podSpec(input: MoverJob): PodSpec {
  const { options } = input;
  const tolerations = [...(options.tolerations ?? []), ...(input.tolerations ?? [])];
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    securityContext: { ...podUser(input), seccompProfile: { type: "RuntimeDefault" } },
    ...(options.nodeSelector ? { nodeSelector: options.nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    ...(options.imagePullSecrets ? { imagePullSecrets: options.imagePullSecrets } : {}),
    ...nodeAffinity(input.nodeAffinity),
    containers: [container(input)],
    volumes: volumes(input),
  };
}

/** The image's own user, who is nobody anywhere else. */
const nobody = 65532;

/**
 * Root, within the capabilities below, where there is a volume whose files may belong to anybody; else nobody, so that the pod passes
 * the pod-security level `restricted`. The group lets nobody read the credentials' files.
 */
const podUser = ({ volume }: MoverJob) =>
  volume
    ? { runAsUser: 0, runAsGroup: 0 }
    : { runAsNonRoot: true, runAsUser: nobody, runAsGroup: nobody, fsGroup: nobody };

function container(input: MoverJob): Container {
  return {
    name: moverContainer,
    image: input.image,
    ...(input.imagePullPolicy ? { imagePullPolicy: input.imagePullPolicy } : {}),
    args: ["mover", input.command, ...(input.command === "wait" ? [] : ["--config", configPath, "--json"])],
    env: [
      { name: resultFileVariable, value: "/dev/termination-log" },
      { name: lockHolderVariable, valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } },
    ],
    ...resources(input.options),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], ...addedCapabilities(input) },
    },
    // A mover that dies without a word leaves the end of its log in the result's place.
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: "config", mountPath: configFolder, readOnly: true },
      { name: "tmp", mountPath: "/tmp" },
      ...input.credentials.map(({ target }, index) => ({
        name: credentialVolume(index),
        mountPath: credentialPaths(target).credentialsDirectory,
        readOnly: true,
      })),
      ...(input.volume && !input.volume.isBlock
        ? [{ name: "data", mountPath: input.volume.path, readOnly: input.volume.readOnly }]
        : []),
    ],
    ...(input.volume?.isBlock ? { volumeDevices: [{ name: "data", devicePath: input.volume.path }] } : {}),
  };
}

/** What the task needs beyond nothing; all of it is allowed by the pod-security level `baseline`. */
function addedCapabilities({ command, volume }: MoverJob): { add?: string[] } {
  // A device has one owner, who may be anybody; of the files in it nothing is made.
  if (volume?.isBlock) return { add: ["DAC_OVERRIDE"] };
  switch (command) {
    // Reading files whatever their mode says, on a mount that is read-only.
    case "backup":
    case "verify":
      return { add: ["DAC_OVERRIDE"] };
    case "restore":
      return { add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP"] };
    default:
      return {};
  }
}

function volumes(input: MoverJob): Volume[] {
  const list: Volume[] = [
    { name: "config", configMap: { name: input.configMap } },
    { name: "tmp", emptyDir: {} },
    ...input.credentials.map((mount, index) => ({
      name: credentialVolume(index),
      projected: { defaultMode: 0o400, sources: credentialSources(mount) },
    })),
  ];
  if (input.volume) {
    const { claim, readOnly } = input.volume;
    // `readOnly` on the claim, not only on the mount, also keeps the kubelet from changing owners for an fsGroup.
    list.push({ name: "data", persistentVolumeClaim: { claimName: claim, readOnly } });
  }
  return list;
}

/**
 * Optional, so that a missing Secret does not keep the pod from starting: the other targets get their copies, and the
 * mover says which credentials it did not find.
 */
function credentialSources({ s3Secret, passwordSecret }: CredentialMount) {
  const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
  return [
    { secret: { name: s3Secret, optional: true, items: keys.map((key) => ({ key, path: key })) } },
    { secret: { name: passwordSecret.name, optional: true, items: [{ key: passwordSecret.key, path: passwordFile }] } },
  ];
}

const credentialVolume = (index: number): string => `credentials-${index}`;

function resources({ resources: wanted }: MoverOptions): Pick<Container, "resources"> {
  if (!wanted) return {};
  const { requests, limits } = wanted;
  return {
    resources: { ...(requests ? { requests: texts(requests) } : {}), ...(limits ? { limits: texts(limits) } : {}) },
  };
}

const texts = (quantities: Readonly<Record<string, string | number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, String(quantity)]));

type NodeSelector = NonNullable<
  NonNullable<NonNullable<PodSpec["affinity"]>["nodeAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>;

function nodeAffinity(required: unknown): Pick<PodSpec, "affinity"> {
  if (!required) return {};
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required as NodeSelector } } };
}

const ownedBy = (owner: OwnerReference | undefined) => (owner ? { ownerReferences: [owner] } : {});
