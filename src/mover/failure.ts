import type { FailureReason } from "../contract/results.ts";
import { RepositoryError, reasonOf } from "../repository/errors.ts";

export interface Failure {
  readonly reason: FailureReason;
  readonly message: string;
}

/** Any error as what a result says of it. */
export function failureOf(thrown: unknown): Failure {
  // What waits for a signal says only that it was aborted; why is its cause.
  const isAbort = thrown instanceof Error && thrown.name === "AbortError";
  const error = isAbort && thrown.cause instanceof RepositoryError ? thrown.cause : thrown;
  const message = error instanceof Error ? error.message : String(error);
  const reason = reasonOf(error);
  if (reason !== "InternalError") return { reason, message };
  const name = error instanceof Error ? error.name : "Error";
  return { reason, message: `An error that should not happen, please report it: ${name}: ${message}` };
}

export const invalid = (message: string, cause?: unknown): RepositoryError =>
  new RepositoryError("InvalidConfiguration", message, { cause });

/** What a stopped task is aborted with. Whether a lock stays is not known by then: who cannot take it back gives notice. */
export const interrupted = (signal: string): RepositoryError =>
  new RepositoryError("Interrupted", `Stopped by ${signal}.`);
