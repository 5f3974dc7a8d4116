import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { catalogue, ownCatalogue } from "./catalogue.ts";

it("docs/metrics.md lists every metric with its labels, and no other", () => {
  const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(holdfast_\w+)` \|([^|]*)\|/gm)].map(([, name, labels]) => [
    name,
    labels?.trim(),
  ]);
  const all = Object.entries({ ...catalogue, ...ownCatalogue });
  expect(rows.toSorted()).toEqual(all.map(([name, { labels }]) => [name, labels.join(", ")]).toSorted());
});
