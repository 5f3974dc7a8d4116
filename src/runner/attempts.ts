import type { RunContext } from "./context.ts";
import { logged, RunFailure } from "./failure.ts";
import { PodLost } from "./job-run.ts";

/** So often in all. */
const attempts = 3;

/**
 * Does something that cannot be gone on with half-way, such as a restore into a new volume, and begins anew where the cluster has stopped or
 * lost its pod, of which nothing follows for the task. Each attempt clears away what the one before has made. One that then fails by itself
 * may do so for what went before, which its message names.
 */
export async function inAttempts<T>(context: RunContext, what: string, attempt: () => Promise<T>): Promise<T> {
  let first: RunFailure | undefined;
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (context.signal.aborted) throw error;
      if (!isStopped(error)) throw first ? after(first, error) : error;
      if (count === attempts) throw error;
      first ??= error;
      context.log.warn({ ...logged(error), attempt: count }, `the mover was stopped: ${what} begins anew`);
    }
  }
}

const isStopped = (error: unknown): error is RunFailure =>
  error instanceof PodLost || (error instanceof RunFailure && error.reason === "Interrupted");

const after = (first: RunFailure, error: unknown): unknown =>
  error instanceof RunFailure
    ? new RunFailure(error.reason, `${error.message}; it was begun anew after this: ${first.message}`, error)
    : error;
