import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again and again until `probe` gives a value; `undefined` when the time is over without one. Rejects when `signal`
 * aborts, or when `probe` does.
 */
export async function waitFor<T>(
  options: { readonly seconds: number; readonly everyMs?: number; readonly signal?: AbortSignal },
  probe: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + options.seconds * 1000;
  for (;;) {
    options.signal?.throwIfAborted();
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() >= deadline) return undefined;
    await sleep(options.everyMs ?? 500, undefined, { signal: options.signal });
  }
}

/** Runs `work` on every item, at most `width` at the same time; the results are in the items' order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
