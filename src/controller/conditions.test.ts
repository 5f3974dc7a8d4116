import { describe, expect, it } from "vitest";
import type { Condition } from "../api/conditions.ts";
import { mergeConditions, type Standing, standingConditions } from "./conditions.ts";

const now = new Date("2026-11-23T01:00:00.500Z");
const before: Condition = {
  type: "Ready",
  status: "True",
  reason: "Configured",
  message: "old",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  observedGeneration: 1,
};

describe("mergeConditions", () => {
  const merge = (status: "True" | "False") =>
    mergeConditions({
      previous: [before, { ...before, type: "Gone" }],
      drafts: [{ type: "Ready", status, reason: "New", message: "new" }],
      generation: 2,
      now,
    });

  it("keeps the time of the last change while the status stays, whatever the reason says", () => {
    expect(merge("True")).toEqual([
      { ...before, reason: "New", message: "new", lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 2 },
    ]);
  });

  it("sets it when the status changes, and drops types that are not said any more", () => {
    expect(merge("False").map((condition) => [condition.type, condition.lastTransitionTime])).toEqual([
      ["Ready", "2026-11-23T01:00:00Z"],
    ]);
  });

  it("cuts messages that would be refused", () => {
    const [cut] = mergeConditions({
      previous: undefined,
      drafts: [{ type: "Ready", status: "True", reason: "New", message: "x".repeat(40_000) }],
      generation: 1,
      now,
    });
    expect(cut?.message.length).toBe(4000);
  });
});

describe("standingConditions", () => {
  const table: [Standing["state"], string, string, string][] = [
    ["Ready", "True", "False", "False"],
    ["Reconciling", "False", "True", "False"],
    ["Failing", "False", "True", "False"],
    ["Stalled", "False", "False", "True"],
  ];
  it.each(table)("%s: Ready %s, Reconciling %s, Stalled %s", (state, ...statuses) => {
    const conditions = standingConditions({ state, reason: "Because", message: "of that" });
    expect(conditions.map((condition) => condition.status)).toEqual(statuses);
    expect(conditions.every((condition) => /^[A-Za-z]+$/.test(condition.reason))).toBe(true);
  });
});
