import { isDeepStrictEqual } from "node:util";
import type { KubeClient } from "../kube/client.ts";
import type { Resource } from "../kube/resources.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import { fieldManager } from "./options.ts";

/**
 * Writes the fields of `status` that are the controller's, in one request, and none where they are so already.
 * `others` are fields of the status which somebody else writes. An object that has gone meanwhile is not an error to the
 * caller's plan: the request then fails with `isNotFound` or `isConflict`.
 */
export async function writeStatus<T extends KubeObject>(options: {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly object: Stored<KubeObject & { readonly status?: object }>;
  readonly status: object;
  readonly others?: readonly string[];
}): Promise<boolean> {
  const { client, resource, object, others = [] } = options;
  const status = withoutUndefined(options.status);
  const current = Object.entries(object.status ?? {}).filter(([field]) => !others.includes(field));
  if (isDeepStrictEqual(Object.fromEntries(current), status)) return false;
  const { apiVersion, kind, metadata } = object;
  const { namespace, name, uid } = metadata;
  await client.apply(
    resource,
    { apiVersion, kind, metadata: { namespace, name, uid }, status },
    { fieldManager, subresource: "status" },
  );
  return true;
}

/** As it will be in JSON, so that it compares with what was read. */
const withoutUndefined = (value: object): object => JSON.parse(JSON.stringify(value)) as object;
