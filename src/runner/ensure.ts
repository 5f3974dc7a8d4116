import { label } from "../api/names.ts";
import { isAlreadyExists, isForbidden, isNotFound, isQuotaExceeded, type KubeError } from "../kube/errors.ts";
import type { Resource } from "../kube/resources.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import { fieldManager, type RunContext } from "./context.ts";
import { runReason } from "./contract.ts";
import { RunFailure } from "./failure.ts";
import { waitFor } from "./wait.ts";

/**
 * Makes an object of this run, or finds the one that an earlier attempt of the run made. An object of that name which is not
 * this run's is never adopted: `NameTaken`.
 */
export async function ensure<T extends KubeObject>(
  context: RunContext,
  resource: Resource<T>,
  object: T,
): Promise<Stored<T>> {
  const { name } = object.metadata;
  const found = await findOurs(context, resource, name);
  if (found && !isGoing(found)) return found;
  if (found) await deleteAndWait(context, [{ resource, name }]);
  try {
    return await context.client.create(resource, object, { fieldManager, signal: context.signal });
  } catch (error) {
    // A lost answer was retried, and the object is our own from a moment ago.
    const ours = isAlreadyExists(error) ? await findOurs(context, resource, name) : undefined;
    if (ours) return ours;
    throw refusal(error, resource, object);
  }
}

/** An earlier attempt of this run, told to stop, is taking it away: there is nothing to go on with. */
export const isGoing = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** The object of this name if this run made it, `undefined` if there is none. Throws `NameTaken` if it is somebody else's. */
export async function findOurs<T extends KubeObject>(
  { client, identity }: RunContext,
  resource: Resource<T>,
  name: string,
): Promise<Stored<T> | undefined> {
  const found = await client.find(resource, { namespace: identity.namespace, name });
  if (!found || found.metadata.labels?.[label.run] === identity.jobUid) return found;
  throw new RunFailure(
    runReason.nameTaken,
    `the ${resource.kind} ${name} exists already and is not this run's, so it is left alone; choose another name, or remove it if nobody needs it`,
  );
}

function refusal(error: unknown, resource: Resource, object: KubeObject): unknown {
  const what = `the ${resource.kind} ${object.metadata.name}`;
  if (isQuotaExceeded(error)) {
    const said = (error as KubeError).message;
    return new RunFailure(
      runReason.quotaExceeded,
      `the namespace's quota leaves no room for ${what}: ${said}; raise the quota`,
      error,
    );
  }
  if (isForbidden(error)) {
    return new RunFailure(
      runReason.internalError,
      `the API server refused ${what}: ${(error as KubeError).message}`,
      error,
    );
  }
  return error;
}

/** Deletes objects and waits until they are gone, as long as our patience allows; gives those that stayed. */
export async function deleteAndWait(
  context: RunContext,
  objects: readonly { readonly resource: Resource; readonly name: string }[],
): Promise<readonly string[]> {
  const { client, identity, patience, log } = context;
  const refs = objects.map(({ resource, name }) => ({ resource, name, namespace: identity.namespace }));
  for (const { resource, ...ref } of refs) {
    await client.delete(resource, ref, { propagation: "Foreground" }).catch((error) => {
      if (!isNotFound(error)) log.warn({ kind: resource.kind, name: ref.name, err: error }, "could not delete");
    });
  }
  const left = new Set(refs);
  await waitFor({ seconds: patience.cleanUp }, async () => {
    for (const entry of left) if (!(await client.find(entry.resource, entry))) left.delete(entry);
    return left.size === 0 || undefined;
  });
  return [...left].map(({ resource, name }) => `${resource.kind} ${name}`);
}
