import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isKubeError,
  isNamespaceTerminating,
  isNotFound,
} from "../kube/errors.ts";
import { MissingBindingError } from "./access/access.ts";
import type { Standing } from "./conditions.ts";

/**
 * Somebody was faster, or our cache was behind: nothing is wrong, and the next try will see it. Also where an object or its
 * namespace is just being deleted.
 */
export const isRace = (error: unknown): boolean =>
  isConflict(error) || isAlreadyExists(error) || isNotFound(error) || isNamespaceTerminating(error);

/** What an error says, of whatever kind it is. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** How an object stands when what it asks for could not be applied. It is tried again by itself. */
export function describeApplyError(error: unknown): Standing {
  const said = errorText(error);
  if (isForbidden(error)) {
    const message = `the API server refused: ${said}; check the operator's rights (the Helm chart grants them), quotas and admission rules`;
    return { state: "Failing", reason: "Forbidden", message };
  }
  if (error instanceof MissingBindingError) {
    return { state: "Failing", reason: "RunnerRoleMissing", message: error.message };
  }
  const reason = isKubeError(error) ? "ApplyFailed" : "InternalError";
  return { state: "Failing", reason, message: `could not be applied and is tried again: ${said}` };
}

/** What `work` throws; `undefined` where it does not. */
export async function attempt(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
