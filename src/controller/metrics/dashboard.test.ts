import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectKnownMetrics } from "./testing.ts";

// That the chart brings it along is tried in test/api/chart.test.ts.

type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly thresholds?: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] };
    };
  };
};
type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
};

const file = new URL("../../../charts/holdfast/files/dashboard.json", import.meta.url);
const { panels, templating } = JSON.parse(readFileSync(file, "utf8")) as Dashboard;
const shown = panels.filter(({ type }) => type !== "row");
const expressions = shown.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));

it("asks for metrics and labels that there are", () => {
  expect(expressions.length).toBeGreaterThan(15);
  for (const [title, expression] of expressions) expectKnownMetrics(expression, title);
  for (const { definition } of templating.list) if (definition) expectKnownMetrics(definition, definition);
});

it("counts an object once, whichever pods of the operator tell of it", () => {
  const aboutObjects = expressions.filter(([, expression]) => !/holdfast_(working|leader)/.test(expression));
  for (const [title, expression] of aboutObjects) {
    const asked = expression.match(/holdfast_\w+/g)?.length;
    expect(expression.match(/(max|min) by \([\w, ]+\) \(holdfast_/g), title).toHaveLength(asked ?? 0);
  }
});

it("shows no number where nobody tells any", () => {
  // Both sides of the one «or» are what somebody tells.
  for (const [title, expression] of expressions)
    expect(expression, title).not.toMatch(title === "RPO missed" ? /vector\(|absent\(/ : /vector\(|absent\(|\bor\b/);
});

it("has no green where there is no number", () => {
  const stats = shown.filter(({ type }) => type === "stat");
  expect(stats.length).toBeGreaterThan(5);
  // Grafana shows what has no value in the colour of the lowest step.
  for (const { title, fieldConfig } of stats) {
    expect(fieldConfig?.defaults.thresholds?.steps[0], title).toEqual({
      color: expect.not.stringMatching("green"),
      value: null,
    });
  }
});

describe("of policies that are not understood", () => {
  const selector = `namespace=~"$namespace",policy=~"$policy"`;
  const understood = `min by (namespace, policy) (holdfast_policy_understood{${selector}})`;
  const condition = (type: string, status: string) =>
    `max by (namespace, policy) (holdfast_policy_condition{${selector},type="${type}",status="${status}"})`;
  const expressionOf = Object.fromEntries(expressions);

  it("counts each as one that misses its RPO, once, as the alert does", () => {
    // Also where no condition could be written yet: then there is nothing on the right.
    expect(expressionOf["RPO missed"]).toBe(`sum((${understood} == bool 0) > 0 or ${condition("RPOMet", "False")})`);
  });

  it.each([
    ["3-2-1 broken", "ThreeTwoOne", "False"],
    ["Not verified", "Verified", "False"],
    ["Never verified", "Verified", "Unknown"],
    ["Runs failing", "LastRunSucceeded", "False"],
  ])("says nothing in %s", (title, type, status) => {
    expect(expressionOf[title]).toBe(`sum(${condition(type, status)} unless ${understood} == 0)`);
  });
});

it("has no two panels of one id or in one place", () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
});
