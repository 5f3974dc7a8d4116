import type { Caches } from "./caches.ts";

/** How well one cache is kept. */
export type CacheHealth = {
  readonly kind: string;
  /** The kind may not be installed, and Holdfast works without it. */
  readonly optional: boolean;
  /** Whether everything was listed at least once. */
  readonly synced: boolean;
  /** Seconds since the API server last told of this kind; `undefined` before it was asked. */
  readonly silentSeconds: number | undefined;
};

export const cacheHealth = (caches: Caches): readonly CacheHealth[] =>
  Object.values(caches).map(({ kind, optional, hasSynced, silentSeconds }) => ({
    kind,
    optional,
    synced: hasSynced(),
    silentSeconds: silentSeconds(),
  }));

/** Every list is read anew after ten minutes: a cache that is silent for twice as long is not kept any more, and shows what was. */
const longestSilenceMinutes = 20;

/**
 * Why this process is not ready; `undefined` where it is. A standby is ready, too: it does what it should. The leader is ready while it knows
 * the cluster as it is.
 */
export function whyNotReady(
  life: { readonly answered: boolean; readonly leading: boolean },
  caches: readonly CacheHealth[],
): string | undefined {
  if (!life.answered) return "waiting for the API server";
  if (!life.leading) return undefined;
  const unlisted = caches.filter(({ synced }) => !synced);
  if (unlisted.length > 0) return `waiting for the first list of ${kindsOf(unlisted)}; the log says what hinders it`;
  const silent = caches.filter(
    ({ optional, silentSeconds = 0 }) => !optional && silentSeconds > longestSilenceMinutes * 60,
  );
  if (silent.length === 0) return undefined;
  return `nothing was heard of ${kindsOf(silent)} for more than ${longestSilenceMinutes} minutes; the log says what hinders it, such as a right that is missing`;
}

const kindsOf = (caches: readonly CacheHealth[]): string => caches.map(({ kind }) => kind).join(", ");
