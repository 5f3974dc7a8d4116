import { label, labelValue } from "../api/names.ts";
import type { BackupPolicy, BackupTarget, Restore, RestoreTest } from "../api/objects.ts";
import type { Informer } from "../kube/informer.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import type { Caches } from "./caches.ts";
import type { KindQueue } from "./kind-queue.ts";
import { controllerOf } from "./owners.ts";

export type Queues = {
  readonly policies: KindQueue<BackupPolicy>;
  readonly targets: KindQueue<BackupTarget>;
  readonly tests: KindQueue<RestoreTest>;
  readonly restores: KindQueue<Restore>;
};

/**
 * Which change leads to which reconcile. Call it before the caches start; nothing happens until `isOpen`, as half-filled caches would
 * show things missing that are there.
 */
export function connectTriggers(caches: Caches, queues: Queues, isOpen: () => boolean): void {
  const on = <T extends KubeObject>(informer: Informer<T>, react: (object: Stored<T>, previous?: Stored<T>) => void) =>
    informer.onChange(({ object, previous }) => {
      if (isOpen()) react(object, previous);
    });

  on(caches.policies, (policy) => {
    queues.policies.add(policy);
    const { namespace, name } = policy.metadata;
    queues.tests.addAll(namespace, (test) => test.spec.policyRef?.name === name);
  });
  on(caches.targets, (target) => {
    queues.targets.add(target);
    queues.policies.addAll(target.metadata.namespace);
  });
  on(caches.tests, (test) => {
    queues.tests.add(test);
    const { namespace } = test.metadata;
    queues.policies.addAll(namespace, (policy) => policy.metadata.name === test.spec.policyRef?.name);
  });
  on(caches.restores, (restore) => queues.restores.add(restore));
  on(caches.points, ({ metadata, spec }) =>
    queues.policies.addAll(metadata.namespace, (policy) => policy.metadata.name === spec.policy),
  );
  on(caches.jobs, (job) => addByLabels(queues, job));
  on(caches.pods, (pod) => addByLabels(queues, pod));
  on(caches.claims, (claim, previous) => {
    if (previous === undefined || matters(claim, previous)) queues.policies.addAll(claim.metadata.namespace);
  });
  on(caches.cronJobs, (cronJob, previous) => {
    // A run that starts or ends changes a CronJob's status only; its Job tells us more.
    if (previous && previous.metadata.generation === cronJob.metadata.generation) return;
    const { namespace } = cronJob.metadata;
    const owner = controllerOf(cronJob)?.uid;
    const isOwner = ({ metadata }: Stored<KubeObject>) => owner === undefined || metadata.uid === owner || !previous;
    queues.policies.addAll(namespace, isOwner);
    queues.tests.addAll(namespace, isOwner);
  });
  on(caches.serviceAccounts, ({ metadata }) => addAllOf(queues, metadata.namespace));
  on(caches.roleBindings, ({ metadata }) => addAllOf(queues, metadata.namespace));
  on(caches.clusterBindings, () => addAllOf(queues));
  on(caches.storageClasses, () => queues.policies.addAll());
  on(caches.snapshotClasses, () => queues.policies.addAll());
  on(caches.namespaces, ({ metadata }, previous) => {
    if (previous === undefined) addAllOf(queues, metadata.name);
  });
}

/** Everything there is, in one namespace or everywhere. */
export function addAllOf(queues: Queues, namespace?: string): void {
  for (const queue of Object.values(queues)) queue.addAll(namespace);
}

/** The object whose run or probe a Job or pod belongs to. */
function addByLabels(queues: Queues, { metadata }: Stored<KubeObject>): void {
  const { namespace, labels = {} } = metadata;
  const named =
    (value: string | undefined) =>
    (object: Stored<KubeObject>): boolean =>
      labelValue(object.metadata.name) === value;
  if (labels[label.restoreTest]) queues.tests.addAll(namespace, named(labels[label.restoreTest]));
  else if (labels[label.restore]) queues.restores.addAll(namespace, named(labels[label.restore]));
  else if (labels[label.policy]) queues.policies.addAll(namespace, named(labels[label.policy]));
  if (labels[label.target]) queues.targets.addAll(namespace, named(labels[label.target]));
}

/** Whether a change of a PVC can change which policies match it, or how they are judged. */
function matters(claim: Stored<KubeObject>, previous: Stored<KubeObject>): boolean {
  const told = ({ metadata, ...rest }: Stored<KubeObject>) => {
    const phase = (rest as { readonly status?: { readonly phase?: string } }).status?.phase;
    return JSON.stringify([metadata.labels, metadata.annotations, metadata.deletionTimestamp, phase]);
  };
  return told(claim) !== told(previous);
}
