import { label, manager } from "../api/names.ts";
import type { BackupPolicy, BackupTarget, Restore, RestorePoint, RestoreTest } from "../api/objects.ts";
import type { KubeClient } from "../kube/client.ts";
import { backupPolicies, backupTargets, restorePoints, restores, restoreTests } from "../kube/holdfast.ts";
import { createInformer, type Informer, type InformerOptions } from "../kube/informer.ts";
import * as resources from "../kube/resources.ts";
import type * as kube from "../kube/types.ts";
import { runnerClusterReadRole } from "../runner/contract.ts";

/** What the controller knows of the cluster without asking. */
export type Caches = {
  /** Only those that this controller looks after. */
  readonly namespaces: Informer<kube.Namespace>;
  readonly policies: Informer<BackupPolicy>;
  readonly targets: Informer<BackupTarget>;
  readonly points: Informer<RestorePoint>;
  readonly restores: Informer<Restore>;
  readonly tests: Informer<RestoreTest>;
  readonly cronJobs: Informer<kube.CronJob>;
  /** Only what Holdfast made, of these four. */
  readonly jobs: Informer<kube.Job>;
  readonly pods: Informer<kube.Pod>;
  readonly serviceAccounts: Informer<kube.ServiceAccount>;
  readonly roleBindings: Informer<kube.RoleBinding>;
  /** The one by which runners may read volumes and classes. */
  readonly clusterBindings: Informer<kube.ClusterRoleBinding>;
  readonly claims: Informer<kube.PersistentVolumeClaim>;
  readonly storageClasses: Informer<kube.StorageClass>;
  readonly snapshotClasses: Informer<kube.VolumeSnapshotClass>;
};

export function createCaches(options: {
  readonly client: KubeClient;
  readonly namespaceSelector: string;
  readonly onError: (what: string, error: unknown) => void;
}): Caches {
  const { client, onError } = options;
  const cache = <T extends kube.KubeObject>(
    resource: resources.Resource<T>,
    more: Partial<InformerOptions<T>> = {},
  ): Informer<T> => createInformer({ client, resource, onError: (error) => onError(resource.plural, error), ...more });
  const made = { labelSelector: `${label.managedBy}=${manager}` };

  return {
    namespaces: cache(resources.namespaces, { labelSelector: options.namespaceSelector }),
    policies: cache(backupPolicies),
    targets: cache(backupTargets),
    points: cache(restorePoints),
    restores: cache(restores),
    tests: cache(restoreTests),
    cronJobs: cache(resources.cronJobs),
    jobs: cache(resources.jobs, made),
    pods: cache(resources.pods, made),
    serviceAccounts: cache(resources.serviceAccounts, made),
    roleBindings: cache(resources.roleBindings, made),
    clusterBindings: cache(resources.clusterRoleBindings, { fieldSelector: `metadata.name=${runnerClusterReadRole}` }),
    claims: cache(resources.persistentVolumeClaims),
    storageClasses: cache(resources.storageClasses),
    snapshotClasses: cache(resources.volumeSnapshotClasses, { optional: true }),
  };
}

type AnyInformer = Pick<Informer<kube.KubeObject>, "start" | "stop" | "hasSynced" | "whenSynced">;

const all = (caches: Caches): readonly AnyInformer[] => Object.values(caches);

/** Starts to list and watch; resolves when everything was listed once. */
export async function startCaches(caches: Caches): Promise<void> {
  for (const informer of all(caches)) informer.start();
  await Promise.all(all(caches).map((informer) => informer.whenSynced()));
}

export function stopCaches(caches: Caches): void {
  for (const informer of all(caches)) informer.stop();
}

export const cachesSynced = (caches: Caches): boolean => all(caches).every((informer) => informer.hasSynced());

/** Whether this controller looks after a namespace. In one that is being deleted nothing can be made any more. */
export function looksAfter(caches: Caches, namespace: string | undefined): boolean {
  if (namespace === undefined) return false;
  const found = caches.namespaces.get({ name: namespace });
  return found !== undefined && found.metadata.deletionTimestamp === undefined;
}
