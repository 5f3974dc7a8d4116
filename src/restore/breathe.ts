import { setImmediate } from "node:timers/promises";

const longestBlockMs = 50;

/**
 * Lets timers, signals and network in where a loop works without waiting for anything: a lock has to be refreshed and
 * Ctrl-C to be heard also while a million small files are compared.
 */
export function newBreather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < longestBlockMs) return;
    await setImmediate();
    last = performance.now();
  };
}
