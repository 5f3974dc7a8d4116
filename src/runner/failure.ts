import { runReason } from "./contract.ts";

/**
 * A run, or its part for one volume, cannot go on. `reason` is one of `runReason` or a mover's `FailureReason`; the message
 * tells what happened, to what, and what to do next. Never holds secrets.
 */
export class RunFailure extends Error {
  override readonly name: string = "RunFailure";
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** It is suspended, and nobody started this run by hand: there is nothing to do, and nothing has failed. */
export class Suspended extends RunFailure {
  constructor(what: string) {
    super(runReason.suspended, `${what} is suspended; set suspend to false, or start a run by hand`);
  }
}

export type FailureText = { readonly reason: string; readonly message: string };

/**
 * Reason and message of anything thrown. What is not a `RunFailure` is our own mistake or the API server's trouble, unless it
 * came from one of these signals having been aborted with a `RunFailure`.
 */
export function describeFailure(error: unknown, ...signals: readonly AbortSignal[]): FailureText {
  if (error instanceof RunFailure) return { reason: error.reason, message: error.message };
  const aborted = signals.find((signal) => signal.aborted)?.reason;
  if (aborted instanceof RunFailure) return { reason: aborted.reason, message: aborted.message };
  return { reason: runReason.internalError, message: error instanceof Error ? error.message : String(error) };
}

/** What a log says of it: a failure that was foreseen needs no stack. */
export const logged = (error: unknown): object =>
  error instanceof RunFailure ? { reason: error.reason, message: error.message } : { err: error };
