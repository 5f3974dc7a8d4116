import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { expectKnownMetrics } from "./testing.ts";

// What Helm makes of the template is tried in test/api/chart.test.ts.
const template = readFileSync(
  new URL("../../../charts/holdfast/templates/prometheusrule.yaml", import.meta.url),
  "utf8",
);

const texts = template
  .split("- alert: ")
  .slice(1)
  .map((text) => [text.split("\n")[0] ?? "", text] as const);
const names = texts.map(([name]) => name);

/** The expression of each alert, on one line. */
const alerts = Object.fromEntries(
  texts.map(([name, text]) => {
    const expression = /\n +expr: (?:>-\n)?([\s\S]*?)\n +for: /.exec(text)?.[1] ?? "";
    return [name, expression.replaceAll(/\s+/g, " ").trim()];
  }),
);

it("alerts ask for metrics and labels that there are", () => {
  expect(names.length).toBeGreaterThan(0);
  for (const [alert, expression] of Object.entries(alerts)) expectKnownMetrics(expression, alert);
});

it.each([
  ["HoldfastNoLeader", "sum(holdfast_leader"],
  ["HoldfastNotWorking", "sum(holdfast_working"],
  ["HoldfastCacheStale", "holdfast_cache_age_seconds"],
  // Of a policy that was False and cannot be read or judged any more the alert goes on, by the same labels.
  ["HoldfastRPONotMet", "or min by (namespace, policy) (holdfast_policy_understood{}) == 0"],
])("%s asks for %s", (alert, expression) => expect(alerts[alert]).toContain(expression));

it.each(names.filter((name) => /holdfast_(policy|target)_/.test(alerts[name] ?? "")))(
  "%s goes on when another pod of the operator tells of the same object",
  (name) => {
    const labels = name === "HoldfastTargetNotReady" ? "namespace, target" : "namespace, policy";
    const told = new RegExp(`(max|min) by \\(${labels}\\) \\((max_over_time\\()?holdfast_(policy|target)_`, "g");
    const expression = alerts[name] ?? "";
    expect(expression.match(told)).toHaveLength(expression.match(/holdfast_(policy|target)_/g)?.length ?? 0);
  },
);

it.each(texts)(
  "%s does not have to hold for a day, in which Prometheus or the operator may be restarted",
  (_, text) => {
    expect(/\n +for: (\S+)/.exec(text)?.[1]).toMatch(/^\d+m$/);
  },
);

it("HoldfastNeverVerified asks for seven days of one answer", () => {
  const [now = "", before = "", ...exceptions] = alerts.HoldfastNeverVerified?.split(/ (?:and|unless) /) ?? [];
  const unknown = /holdfast_policy_condition\{type="Verified",status="Unknown"\}/;
  expect([now, before]).toEqual([expect.stringMatching(unknown), expect.stringMatching(unknown)]);
  expect(before).toContain("offset 7d");
  expect(exceptions).toEqual([
    expect.stringMatching(/max_over_time\(holdfast_policy_condition\{type="Verified",status=~"True\|False"\}\[7d\]\)/),
    "min by (namespace, policy) (holdfast_policy_understood{}) == 0",
  ]);
});
