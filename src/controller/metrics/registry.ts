import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { catalogue, type MetricName } from "./catalogue.ts";
import type { Sample } from "./samples.ts";

export type Metrics = {
  /** Everything in Prometheus' text format. */
  readonly expose: () => Promise<string>;
  readonly contentType: string;
};

/**
 * The metrics of this process and, rebuilt from `collect` at every scrape, those of objects: nothing is remembered, so nothing
 * goes stale.
 */
export function createMetrics(collect: () => readonly Sample[], isLeader: () => boolean): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "holdfast_leader",
    help: "1 where this process is the one that works; the others stand by and tell nothing of objects.",
    registers: [registry],
    collect() {
      this.set(isLeader() ? 1 : 0);
    },
  });
  const gauges = new Map<MetricName, Gauge>();
  for (const [name, { help, labels }] of Object.entries(catalogue)) {
    gauges.set(name as MetricName, new Gauge({ name, help, labelNames: [...labels], registers: [registry] }));
  }
  return {
    contentType: registry.contentType,
    expose: () => {
      for (const gauge of gauges.values()) gauge.reset();
      for (const { name, labels, value } of collect()) gauges.get(name)?.set(labels, value);
      return registry.metrics();
    },
  };
}
