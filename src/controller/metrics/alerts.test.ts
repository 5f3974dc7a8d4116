import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { catalogue, ownCatalogue } from "./catalogue.ts";

// What Helm makes of the template is tried in test/api/chart.test.ts.
const template = readFileSync(
  new URL("../../../charts/holdfast/templates/prometheusrule.yaml", import.meta.url),
  "utf8",
);
const known: Readonly<Record<string, { readonly labels: readonly string[] }>> = { ...catalogue, ...ownCatalogue };

/** The expression of each alert, on one line. */
const alerts = Object.fromEntries(
  template
    .split("- alert: ")
    .slice(1)
    .map((text) => {
      const expression = /\n +expr: (?:>-\n)?([\s\S]*?)\n +for: /.exec(text)?.[1] ?? "";
      return [text.split("\n")[0] ?? "", expression.replaceAll(/\s+/g, " ").trim()];
    }),
);

it("alerts ask for metrics and labels that there are", () => {
  // A metric of the process gets the label `namespace` from the scrape.
  const ofScrape = ["namespace"];
  for (const [alert, expression] of Object.entries(alerts)) {
    for (const [, metric = "", selector = ""] of expression.matchAll(/\b(holdfast_\w+)(?:\{([^}]*)\})?/g)) {
      expect(Object.keys(known), alert).toContain(metric);
      const labels = [...selector.matchAll(/(\w+)="/g)].map(([, label]) => label);
      expect([...(known[metric]?.labels ?? []), ...ofScrape], alert).toEqual(expect.arrayContaining(labels));
    }
  }
});

it.each([
  ["HoldfastNoLeader", "sum(holdfast_leader"],
  ["HoldfastNotWorking", "sum(holdfast_working"],
  ["HoldfastCacheStale", "holdfast_cache_age_seconds"],
  // Of a policy that was False and cannot be read any more the alert goes on, by the same labels.
  ["HoldfastRPONotMet", "or min by (namespace, policy) (holdfast_policy_understood{}) == 0"],
])("%s asks for %s", (alert, expression) => expect(alerts[alert]).toContain(expression));
