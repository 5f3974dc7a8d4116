import { expect } from "vitest";
import { catalogue, ownCatalogue } from "./catalogue.ts";

/** For tests of alerts and dashboards. */

const known: Readonly<Record<string, { readonly labels: readonly string[] }>> = { ...catalogue, ...ownCatalogue };

/** A metric of the process gets the label `namespace` from the scrape. */
const ofScrape = ["namespace"];

/** Fails where a PromQL expression asks for a metric that nobody tells, or selects by a label that it does not have. */
export function expectKnownMetrics(expression: string, where: string): void {
  for (const [, metric = "", selector = ""] of expression.matchAll(/\b(holdfast_\w+)(?:\{([^}]*)\})?/g)) {
    expect(Object.keys(known), where).toContain(metric);
    const labels = [...selector.matchAll(/(\w+)=~?"/g)].map(([, label]) => label);
    expect([...(known[metric]?.labels ?? []), ...ofScrape], where).toEqual(expect.arrayContaining(labels));
  }
}
