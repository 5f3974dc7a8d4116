import { setTimeout as sleep } from "node:timers/promises";

/** Longer than anything here takes on a machine that is busy with other tests. */
export const generousSeconds = 300;

/** Asks until `probe` gives a value that is not `undefined` or `false`; errors count as «not yet», and are told at the end. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  seconds = generousSeconds,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(500);
  }
  throw new Error(`waited ${seconds} seconds in vain: ${what}`, { cause: last });
}
