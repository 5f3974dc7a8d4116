import { InvalidObjectError } from "../api/objects.ts";
import type { Resource } from "../kube/resources.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import type { ConditionDraft, Standing } from "./conditions.ts";
import type { Context } from "./context.ts";
import { problemReason } from "./policy/problems.ts";
import type { Outcome } from "./queue.ts";
import { sayStatus, type WithStatus } from "./status.ts";
import { tellStanding } from "./tell.ts";

/** An object with its defaults, or why it cannot be read. */
export type Parsed<T extends KubeObject> = { readonly object: Stored<T> } | { readonly refused: string };

export function parseOrRefusal<T extends KubeObject>(parse: (raw: unknown) => T, raw: Stored<T>): Parsed<T> {
  try {
    return { object: parse(raw) as Stored<T> };
  } catch (error) {
    if (error instanceof InvalidObjectError) return { refused: error.message };
    throw error;
  }
}

/**
 * Says that an object got past the API server's checks and cannot be understood, such as one written by a newer version. Nothing that
 * was made for it is touched, and the rest of its status stays.
 */
export async function refuse<T extends WithStatus>(
  context: Context,
  of: {
    readonly resource: Resource<T>;
    readonly object: Stored<T>;
    readonly refused: string;
    readonly others?: readonly string[];
    /** Beside the three conditions of the standing. */
    readonly conditions?: readonly ConditionDraft[];
  },
): Promise<Outcome> {
  const { resource, object, refused, others = [], conditions = [] } = of;
  const standing: Standing = { state: "Stalled", reason: problemReason.invalidSpec, message: refused };
  const kept = Object.entries(object.status ?? {}).filter(([field]) => !others.includes(field));
  const status = { ...Object.fromEntries(kept), observedGeneration: object.metadata.generation };
  await sayStatus(context, { resource, object, standing, conditions, status, others });
  await tellStanding(context, object, standing);
  return {};
}
