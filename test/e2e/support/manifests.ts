import type { BackupType } from "../../../src/api/policy.ts";
import { setting, storeOf, type TargetName } from "./cluster.ts";
import { repositoryPassword } from "./referee.ts";

/** Objects of a scenario, as plain JSON without a namespace. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: object };
  readonly spec?: object;
};

const ours = "holdfast.dev/v1alpha1";

export const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  stringData,
});

export const credentials = (target: TargetName) => {
  const { accessKey, secretKey } = storeOf(target);
  return secret(`${target}-s3`, { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey });
};

export const passwordSecret = () => secret("repository-key", { password: repositoryPassword });

/** A target on one of the two stores; `s3` changes single fields of it. */
export const target = (name: TargetName, prefix: string, s3: object = {}) => ({
  apiVersion: ours,
  kind: "BackupTarget",
  metadata: { name },
  spec: {
    s3: {
      endpoint: storeOf(name).endpoint,
      region: setting("REGION"),
      bucket: storeOf(name).bucket,
      prefix,
      forcePathStyle: true,
      credentialsSecretRef: { name: `${name}-s3` },
      ...s3,
    },
    offsite: name === "offsite",
    media: name,
    encryption: { passwordSecretRef: { name: "repository-key", key: "password" } },
  },
});

/** Never by itself: runs are started by hand. */
export const never = "0 0 1 1 *";

export type ScheduleInput = {
  readonly name: string;
  readonly type: BackupType;
  readonly cron?: string;
  readonly mirror?: object;
};

export const bothSchedules: readonly ScheduleInput[] = [
  { name: "full", type: "Full" },
  { name: "incremental", type: "Incremental" },
];

/** A policy over the PVC `data`, to both targets; `spec` changes single fields of it. */
export const policy = (name: string, schedules: readonly ScheduleInput[] = bothSchedules, spec: object = {}) => ({
  apiVersion: ours,
  kind: "BackupPolicy",
  metadata: { name },
  spec: {
    volumes: { names: ["data"] },
    snapshot: { volumeSnapshotClassName: setting("SNAPSHOT_CLASS") },
    schedules: schedules.map((schedule) => ({ cron: never, targets: ["onprem", "offsite"], ...schedule })),
    objectives: { rpo: "1h", rto: "10m" },
    ...spec,
  },
});

export const restoreTest = (name: string, policyName: string, spec: object = {}) => ({
  apiVersion: ours,
  kind: "RestoreTest",
  metadata: { name },
  spec: { policyRef: { name: policyName }, cron: never, ...spec },
});

export const restore = (name: string, spec: object) => ({
  apiVersion: ours,
  kind: "Restore",
  metadata: { name },
  spec,
});

export const claim = (name: string, storageClassName: string, more: object = {}, labels: object = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, labels },
  spec: {
    accessModes: ["ReadWriteOnce"],
    storageClassName,
    resources: { requests: { storage: "100Mi" } },
    ...more,
  },
});

/** A pod with a volume at `/data`, running a shell script as root. */
export const pod = (name: string, pvc: string, script: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: "shell",
        image: setting("IMAGE"),
        imagePullPolicy: "IfNotPresent",
        command: ["sh", "-ec", script],
        securityContext: { runAsUser: 0 },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    ],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: pvc } }],
  },
});
