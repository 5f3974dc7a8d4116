import { label, manager } from "../../api/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import { clusterRoleBindings, roleBindings, serviceAccounts } from "../../kube/resources.ts";
import type { ClusterRoleBinding, RoleBinding, ServiceAccount, Stored } from "../../kube/types.ts";
import { runnerClusterReadRole, runnerClusterRole, runnerServiceAccount } from "../../runner/contract.ts";
import type { Caches } from "../caches.ts";
import { fieldManager } from "../options.ts";

/**
 * What a runner may do: a service account and a RoleBinding in each namespace that has runs, and that account among the subjects
 * of one ClusterRoleBinding, for reading volumes and classes. The roles come with the chart; the controller may only bind
 * them (the verb `bind` on those two names), so it never hands out a right that is not in them.
 */

const rbac = "rbac.authorization.k8s.io";
const labels = { [label.managedBy]: manager };

type Subject = NonNullable<RoleBinding["subjects"]>[number];

const subjectIn = (namespace: string): Subject => ({ kind: "ServiceAccount", name: runnerServiceAccount, namespace });

const serviceAccount = (namespace: string): ServiceAccount => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: runnerServiceAccount, namespace, labels },
  automountServiceAccountToken: false,
});

const roleBinding = (namespace: string): RoleBinding => ({
  apiVersion: `${rbac}/v1`,
  kind: "RoleBinding",
  metadata: { name: runnerServiceAccount, namespace, labels },
  roleRef: { apiGroup: rbac, kind: "ClusterRole", name: runnerClusterRole },
  subjects: [subjectIn(namespace)],
});

const isIn =
  (namespace: string) =>
  (subject: Subject): boolean =>
    subject.kind === "ServiceAccount" && subject.name === runnerServiceAccount && subject.namespace === namespace;

/** Whether a binding gives a namespace's runner the role. */
const binds = (binding: RoleBinding | undefined, namespace: string): boolean =>
  binding?.roleRef.name === runnerClusterRole && (binding.subjects ?? []).some(isIn(namespace));

/** Grants the runners of a namespace what they need; nothing is written where it is so already. */
export async function grantAccess(client: KubeClient, caches: Caches, namespace: string): Promise<void> {
  const at = { namespace, name: runnerServiceAccount };
  if (!caches.serviceAccounts.get(at)) {
    await client.apply(serviceAccounts, serviceAccount(namespace), { fieldManager });
  }
  const present = caches.roleBindings.get(at);
  if (!binds(present, namespace)) {
    // A binding's role cannot be changed: one that was made for another role has to go.
    if (present && present.roleRef.name !== runnerClusterRole) await client.delete(roleBindings, at);
    await client.apply(roleBindings, roleBinding(namespace), { fieldManager });
  }
  if (!namespacesWithAccess(caches).includes(namespace)) {
    await changeSubjects(client, { add: [namespace], remove: [] });
  }
}

/** Takes it all back from namespaces without runs. */
export async function revokeAccess(client: KubeClient, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    const at = { namespace, name: runnerServiceAccount };
    await client.delete(roleBindings, at);
    await client.delete(serviceAccounts, at);
  }
  await changeSubjects(client, { add: [], remove: namespaces });
}

/** The namespaces whose runners may read volumes and classes now. */
export function namespacesWithAccess(caches: Caches): readonly string[] {
  const subjects = caches.clusterBindings.get({ name: runnerClusterReadRole })?.subjects ?? [];
  return subjects.flatMap(({ kind, name, namespace }) =>
    kind === "ServiceAccount" && name === runnerServiceAccount && namespace ? [namespace] : [],
  );
}

/** The chart, or the kustomize base, makes the binding, so that it goes with the release; the controller has no right to. */
export class MissingBindingError extends Error {
  override readonly name = "MissingBindingError";

  constructor(options: ErrorOptions) {
    super(
      `the ClusterRoleBinding ${runnerClusterReadRole} is missing; install Holdfast again as it was installed, by helm upgrade or kubectl apply --server-side -k`,
      options,
    );
  }
}

type SubjectChange = { readonly add: readonly string[]; readonly remove: readonly string[] };

/** The list of subjects is one value to Kubernetes, and others change it too: after a conflict it is read anew. */
async function changeSubjects(client: KubeClient, change: SubjectChange): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await changeSubjectsOnce(client, change);
    } catch (error) {
      if (isNotFound(error)) throw new MissingBindingError({ cause: error });
      if (attempt === 5 || !isConflict(error)) throw error;
    }
  }
}

async function changeSubjectsOnce(client: KubeClient, change: SubjectChange): Promise<void> {
  const present = await client.get(clusterRoleBindings, { name: runnerClusterReadRole });
  const subjects = changedSubjects(present.subjects ?? [], change);
  if (!subjects) return;
  const changed: Stored<ClusterRoleBinding> = { ...present, subjects };
  await client.replace(clusterRoleBindings, changed, { fieldManager });
}

/** The new list; `undefined` where it stays as it is. */
export function changedSubjects(present: readonly Subject[], change: SubjectChange): readonly Subject[] | undefined {
  const kept = present.filter((subject) => !change.remove.some((namespace) => isIn(namespace)(subject)));
  const added = change.add.filter((namespace) => !present.some(isIn(namespace))).map(subjectIn);
  return added.length === 0 && kept.length === present.length ? undefined : [...kept, ...added];
}
