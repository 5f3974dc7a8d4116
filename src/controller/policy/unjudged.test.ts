import { describe, expect, it } from "vitest";
import type { Condition } from "../../api/conditions.ts";
import { hoursAgo, now, policyOf } from "../fixtures.ts";
import { refusedConditions, unjudgedStanding, unjudgedStatus, withoutRefusal } from "./unjudged.ts";

const condition = (type: string, status: Condition["status"], more: Partial<Condition> = {}): Condition => ({
  type,
  status,
  reason: "R",
  message: "m",
  lastTransitionTime: hoursAgo(5),
  observedGeneration: 1,
  ...more,
});
const before = [
  condition("Ready", "True"),
  condition("Reconciling", "False"),
  condition("Stalled", "False"),
  condition("RPOMet", "False"),
  condition("LastRunSucceeded", "True"),
];

describe("a policy that cannot be read", () => {
  it("keeps each of its conditions as one that nobody knows of", () => {
    const said = {
      status: "Unknown",
      reason: "InvalidSpec",
      message: "not judged: spec.objectives.rpo is no duration",
    };
    expect(refusedConditions({ conditions: before }, "spec.objectives.rpo is no duration")).toEqual([
      { type: "RPOMet", ...said },
      { type: "LastRunSucceeded", ...said },
    ]);
  });

  it("has none where none was said", () => expect(refusedConditions(undefined, "")).toEqual([]));

  it("leaves nothing behind that would be taken for a finding once it can be read", () => {
    const refused = condition("LastRunSucceeded", "Unknown", { reason: "InvalidSpec" });
    const policy = policyOf({}, { volumes: 1, conditions: [condition("RPOMet", "True"), refused] });
    expect(withoutRefusal(policy).status).toEqual({ volumes: 1, conditions: [condition("RPOMet", "True")] });
    expect(withoutRefusal(policyOf()).status).toBeUndefined();
  });
});

describe("a policy of which judging failed", () => {
  it("says so in Ready, and the rest as it was said before", () => {
    const policy = policyOf({}, { volumes: 1, observedGeneration: 1, conditions: before });
    const changed = { ...policy, metadata: { ...policy.metadata, generation: 2 } };
    const standing = unjudgedStanding(new TypeError("no such thing"));
    const { conditions, ...status } = unjudgedStatus(changed, standing, now);
    expect(status).toEqual({ volumes: 1, observedGeneration: 2 });
    expect(conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["Ready", "False", "InternalError"],
      ["Reconciling", "True", "InternalError"],
      ["Stalled", "False", "NotStalled"],
      ["RPOMet", "False", "R"],
      ["LastRunSucceeded", "True", "R"],
    ]);
    expect(conditions?.[0]?.message).toContain("no such thing");
    expect(conditions?.slice(3)).toEqual(before.slice(3));
  });
});
