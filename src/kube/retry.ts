import { setTimeout as sleep } from "node:timers/promises";
import type { KubeError } from "./errors.ts";
import { isTransient } from "./errors.ts";

export type RetryOptions = {
  /** How often a request is sent at most. */
  readonly attempts: number;
  /** The first pause; each later one is twice as long. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
};

export const defaultRetry: RetryOptions = { attempts: 6, firstDelayMs: 200, longestDelayMs: 10_000 };

/** What an attempt that failed leaves behind. */
export type Failure = { readonly error: KubeError; readonly retryAfterSeconds?: number };
export type Attempt<T> = { readonly value: T } | Failure;

/** Pause before the attempt after number `attempt` (from 1): doubling, with up to a quarter of jitter; what the server asked for where that is longer. */
export function retryDelayMs(options: RetryOptions, attempt: number, failure: Failure, random: () => number): number {
  const doubled = options.firstDelayMs * 2 ** (attempt - 1);
  const asked = (failure.retryAfterSeconds ?? 0) * 1000;
  const base = Math.min(options.longestDelayMs, Math.max(doubled, asked));
  return Math.round(base * (1 + random() / 4));
}

/** Runs `attempt` until it gives a value, fails for good, or the attempts are used up; then throws its last error. */
export async function retry<T>(
  attempt: () => Promise<Attempt<T>>,
  options: RetryOptions = defaultRetry,
  signal?: AbortSignal,
): Promise<T> {
  for (let count = 1; ; count++) {
    const result = await attempt();
    if ("value" in result) return result.value;
    if (signal?.aborted || count >= options.attempts || !isTransient(result.error)) throw result.error;
    await sleep(retryDelayMs(options, count, result, Math.random), undefined, { signal });
  }
}
