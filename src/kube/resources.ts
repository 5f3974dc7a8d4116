import type * as kube from "./types.ts";

/** Where a kind lives in the API. `T` is the type of its objects. */
export type Resource<T extends kube.KubeObject = kube.KubeObject> = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set; carries the type of the objects. */
  readonly object?: T;
};

type Scope = "namespaced" | "cluster";

function define<T extends kube.KubeObject>(
  groupVersion: string,
  kind: string,
  plural: string,
  scope: Scope = "namespaced",
): Resource<T> {
  const [version = "", group = ""] = groupVersion.split("/").reverse();
  return { group, version, kind, plural, namespaced: scope === "namespaced" };
}

export const pods = define<kube.Pod>("v1", "Pod", "pods");
export const secrets = define<kube.Secret>("v1", "Secret", "secrets");
export const configMaps = define<kube.ConfigMap>("v1", "ConfigMap", "configmaps");
export const events = define<kube.KubeEvent>("v1", "Event", "events");
export const serviceAccounts = define<kube.ServiceAccount>("v1", "ServiceAccount", "serviceaccounts");
export const persistentVolumeClaims = define<kube.PersistentVolumeClaim>(
  "v1",
  "PersistentVolumeClaim",
  "persistentvolumeclaims",
);
export const persistentVolumes = define<kube.PersistentVolume>(
  "v1",
  "PersistentVolume",
  "persistentvolumes",
  "cluster",
);
export const namespaces = define<kube.Namespace>("v1", "Namespace", "namespaces", "cluster");
export const nodes = define<kube.Node>("v1", "Node", "nodes", "cluster");
export const jobs = define<kube.Job>("batch/v1", "Job", "jobs");
export const cronJobs = define<kube.CronJob>("batch/v1", "CronJob", "cronjobs");
export const leases = define<kube.Lease>("coordination.k8s.io/v1", "Lease", "leases");
export const roleBindings = define<kube.RoleBinding>("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings");
export const clusterRoleBindings = define<kube.ClusterRoleBinding>(
  "rbac.authorization.k8s.io/v1",
  "ClusterRoleBinding",
  "clusterrolebindings",
  "cluster",
);
export const storageClasses = define<kube.StorageClass>(
  "storage.k8s.io/v1",
  "StorageClass",
  "storageclasses",
  "cluster",
);
export const volumeSnapshots = define<kube.VolumeSnapshot>(
  "snapshot.storage.k8s.io/v1",
  "VolumeSnapshot",
  "volumesnapshots",
);
export const volumeSnapshotContents = define<kube.VolumeSnapshotContent>(
  "snapshot.storage.k8s.io/v1",
  "VolumeSnapshotContent",
  "volumesnapshotcontents",
  "cluster",
);
export const volumeSnapshotClasses = define<kube.VolumeSnapshotClass>(
  "snapshot.storage.k8s.io/v1",
  "VolumeSnapshotClass",
  "volumesnapshotclasses",
  "cluster",
);

/** `apiVersion` as objects of the resource carry it. */
export const apiVersionOf = (resource: Resource): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;

/** Which object is meant. `namespace` is ignored for cluster-scoped resources. */
export type ObjectRef = { readonly namespace?: string; readonly name: string };

/**
 * The path of a collection, of an object in it, or of an object's subresource, with every part escaped. A namespaced
 * resource without a namespace is the collection across all namespaces.
 */
export function resourcePath(
  resource: Resource,
  at: { namespace?: string; name?: string; subresource?: string },
): string {
  if (at.name === "") throw new TypeError(`an empty name would address all ${resource.plural}`);
  if (resource.namespaced && at.name !== undefined && !at.namespace) {
    throw new TypeError(`${resource.kind} "${at.name}" needs a namespace`);
  }
  const parts = resource.group === "" ? ["api", resource.version] : ["apis", resource.group, resource.version];
  if (resource.namespaced && at.namespace) parts.push("namespaces", at.namespace);
  parts.push(resource.plural);
  if (at.name !== undefined) parts.push(at.name);
  if (at.subresource !== undefined) parts.push(at.subresource);
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/** Items of a list, and objects of built-in kinds inside of watches, come without their kind. */
export function withKind<T extends kube.KubeObject>(resource: Resource<T>, object: T): kube.Stored<T> {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind } as kube.Stored<T>;
}
