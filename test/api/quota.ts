import type { Resource } from "../../src/kube/resources.ts";
import type { ResourceQuota } from "../../src/kube/types.ts";

/** Holdfast itself never asks for quotas; tests make some. */
export const resourceQuotas: Resource<ResourceQuota> = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  namespaced: true,
};
