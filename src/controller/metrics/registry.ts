import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CacheHealth } from "../health.ts";
import { catalogue, ownCatalogue } from "./catalogue.ts";
import type { Sample } from "./sample.ts";

export type Metrics = {
  /** Everything in Prometheus' text format. */
  readonly expose: () => Promise<string>;
  readonly contentType: string;
};

/** What this process tells of itself. */
export type Self = {
  /** Whether it holds the Lease. */
  readonly leading: boolean;
  /** Whether it leads and has listed everything, without which it does nothing. */
  readonly working: boolean;
  /** Only the leader keeps any. */
  readonly caches: readonly Pick<CacheHealth, "kind" | "silentSeconds">[];
};

/**
 * The metrics of this process and, rebuilt from `collect` at every scrape, those of objects: nothing is remembered, so nothing
 * goes stale.
 */
export function createMetrics(of: { readonly collect: () => readonly Sample[]; readonly self: () => Self }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauges = new Map<string, Gauge>();
  for (const [name, { help, labels }] of Object.entries({ ...ownCatalogue, ...catalogue })) {
    gauges.set(name, new Gauge({ name, help, labelNames: [...labels], registers: [registry] }));
  }
  return {
    contentType: registry.contentType,
    expose: () => {
      for (const gauge of gauges.values()) gauge.reset();
      for (const { name, labels, value } of [...ownSamples(of.self()), ...of.collect()]) {
        gauges.get(name)?.set(labels, value);
      }
      return registry.metrics();
    },
  };
}

type OwnSample = {
  readonly name: keyof typeof ownCatalogue;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

const ownSamples = ({ leading, working, caches }: Self): readonly OwnSample[] => [
  { name: "holdfast_leader", labels: {}, value: leading ? 1 : 0 },
  { name: "holdfast_working", labels: {}, value: working ? 1 : 0 },
  ...caches.flatMap(({ kind, silentSeconds }) =>
    silentSeconds === undefined
      ? []
      : [{ name: "holdfast_cache_age_seconds", labels: { kind }, value: silentSeconds } as const],
  ),
];
