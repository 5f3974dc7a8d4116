import { InvalidObjectError } from "../api/objects.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import type { Context } from "./context.ts";
import { problemReason } from "./policy/problems.ts";
import type { Outcome } from "./queue.ts";
import { type StandingSaid, sayStanding } from "./say-standing.ts";
import type { WithStatus } from "./status.ts";

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
 * was made for it is touched.
 */
export async function refuse<T extends WithStatus>(
  context: Context,
  of: Omit<StandingSaid<T>, "standing"> & { readonly refused: string },
): Promise<Outcome> {
  const { refused, ...about } = of;
  const standing = { state: "Stalled", reason: problemReason.invalidSpec, message: refused } as const;
  await sayStanding(context, { ...about, standing });
  return {};
}
