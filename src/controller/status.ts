import { isDeepStrictEqual } from "node:util";
import type { Condition } from "../api/conditions.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Resource } from "../kube/resources.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import { type ConditionDraft, mergeConditions, type Standing, standingConditions } from "./conditions.ts";
import type { Context } from "./context.ts";
import { fieldManager } from "./options.ts";

export type WithStatus = KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } };

type Said<T extends WithStatus> = {
  readonly resource: Resource<T>;
  /** As it was read, with its status. */
  readonly object: Stored<T>;
  readonly standing: Standing;
  /** Beside the three conditions of the standing. */
  readonly conditions: readonly ConditionDraft[];
  readonly status: object;
  /** Fields of the status which somebody else writes. */
  readonly others?: readonly string[];
};

/** Writes an object's status: how it stands, more conditions, and the rest. */
export async function sayStatus<T extends WithStatus>(
  context: Pick<Context, "client" | "now">,
  said: Said<T>,
): Promise<void> {
  const { object, standing } = said;
  const conditions = mergeConditions({
    previous: object.status?.conditions,
    drafts: [...standingConditions(standing), ...said.conditions],
    generation: object.metadata.generation,
    now: context.now(),
  });
  await writeStatus({ ...said, client: context.client, status: { ...said.status, conditions } });
}

/**
 * Writes the fields of `status` that are the controller's, in one request, and none where they are so already. `others` are fields
 * which somebody else writes; one that is in `status` all the same is taken over. Whether anything was written.
 */
export async function writeStatus<T extends WithStatus>(options: {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly object: Stored<T>;
  readonly status: object;
  readonly others?: readonly string[];
}): Promise<boolean> {
  const { client, resource, object, others = [] } = options;
  const status = withoutUndefined(options.status);
  const current = Object.entries(object.status ?? {}).filter(([field]) => field in status || !others.includes(field));
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
