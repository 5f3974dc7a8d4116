/**
 * A run, or its part for one volume, cannot go on. `reason` is one of `runReason` or a mover's `FailureReason`; the message
 * tells what happened, to what, and what to do next. Never holds secrets.
 */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** Reason and message of anything thrown; what is not a `RunFailure` is our own mistake or the API server's trouble. */
export function describeFailure(error: unknown): { readonly reason: string; readonly message: string } {
  if (error instanceof RunFailure) return { reason: error.reason, message: error.message };
  return { reason: "InternalError", message: error instanceof Error ? error.message : String(error) };
}
