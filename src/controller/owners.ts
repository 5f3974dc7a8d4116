import { apiVersionOf, type Resource } from "../kube/resources.ts";
import type { KubeObject, OwnerReference, Stored } from "../kube/types.ts";

/** A reference that makes Kubernetes delete the dependent with its owner. */
export function controllerReference(resource: Resource, owner: Stored): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, name, uid, controller: true };
}

/** The owner that controls an object, if it has one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller);

/** Whether any of an object's owners is the one with this UID. */
export const isOwnedBy = (object: KubeObject, uid: string | undefined): boolean =>
  uid !== undefined && (object.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid);
