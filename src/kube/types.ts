import type {
  CoreV1Event,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1CronJob,
  V1Job,
  V1Lease,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ResourceQuota,
  V1RoleBinding,
  V1Secret,
  V1ServiceAccount,
  V1StorageClass,
} from "@kubernetes/client-node";

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

/** Metadata as one writes it; `Stored` adds what the API server always fills in. */
export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly Readonly<Record<string, unknown>>[];
};

/** Any object of the API, as its JSON stands: nothing is dropped, renamed or turned into a `Date`. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
};

/** An object as the API server returned it. */
export type Stored<T extends KubeObject = KubeObject> = T & {
  readonly metadata: ObjectMeta & {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
};

export type ObjectList<T extends KubeObject> = {
  /** The collection's resource version: a watch from here misses nothing. */
  readonly resourceVersion: string;
  readonly items: readonly Stored<T>[];
};

/** The client library's types with the `Date`s that raw JSON does not have made strings again. */
type Raw<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Raw<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Raw<T[Key]> }
      : T;

type BuiltIn<T> = KubeObject & Omit<Raw<T>, keyof KubeObject>;

export type ClusterRoleBinding = BuiltIn<V1ClusterRoleBinding>;
export type ConfigMap = BuiltIn<V1ConfigMap>;
export type CronJob = BuiltIn<V1CronJob>;
export type Job = BuiltIn<V1Job>;
export type JobSpec = NonNullable<Job["spec"]>;
export type KubeEvent = BuiltIn<CoreV1Event>;
export type Lease = BuiltIn<V1Lease>;
export type Namespace = BuiltIn<V1Namespace>;
export type Node = BuiltIn<V1Node>;
export type PersistentVolume = BuiltIn<V1PersistentVolume>;
export type PersistentVolumeClaim = BuiltIn<V1PersistentVolumeClaim>;
export type Pod = BuiltIn<V1Pod>;
export type PodSpec = NonNullable<Pod["spec"]>;
export type Container = PodSpec["containers"][number];
export type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
export type ResourceQuota = BuiltIn<V1ResourceQuota>;
export type RoleBinding = BuiltIn<V1RoleBinding>;
export type Secret = BuiltIn<V1Secret>;
export type ServiceAccount = BuiltIn<V1ServiceAccount>;
export type StorageClass = BuiltIn<V1StorageClass>;

export type VolumeSnapshotClass = KubeObject & {
  readonly driver: string;
  readonly deletionPolicy: "Delete" | "Retain";
  readonly parameters?: Readonly<Record<string, string>>;
};

export type VolumeSnapshot = KubeObject & {
  readonly spec: {
    readonly volumeSnapshotClassName?: string;
    readonly source: { readonly persistentVolumeClaimName?: string; readonly volumeSnapshotContentName?: string };
  };
  readonly status?: {
    readonly boundVolumeSnapshotContentName?: string;
    readonly creationTime?: string;
    readonly readyToUse?: boolean;
    readonly restoreSize?: string;
    readonly error?: { readonly time?: string; readonly message?: string };
  };
};

export type VolumeSnapshotContent = KubeObject & {
  readonly spec: {
    readonly deletionPolicy: "Delete" | "Retain";
    readonly driver: string;
    readonly volumeSnapshotClassName?: string;
    readonly source: { readonly volumeHandle?: string; readonly snapshotHandle?: string };
    readonly volumeSnapshotRef: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
  };
  readonly status?: {
    readonly snapshotHandle?: string;
    readonly creationTime?: number;
    readonly readyToUse?: boolean;
    readonly restoreSize?: number;
    readonly error?: { readonly time?: string; readonly message?: string };
  };
};
