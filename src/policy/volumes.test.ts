import { describe, expect, it } from "vitest";
import type { LabelSelector } from "../api/policy.ts";
import { chooseVolumes, matchesSelector } from "./volumes.ts";

const claim = (name: string, labels: Record<string, string> = {}, more: object = {}) => ({
  metadata: { name, labels, ...more },
});
const namesOf = (choice: { matching: readonly { metadata: { name: string } }[] }) =>
  choice.matching.map(({ metadata }) => metadata.name);

describe("chooseVolumes", () => {
  const claims = [claim("web", { app: "shop" }), claim("db", { app: "shop" }), claim("other")];

  it("takes what is selected and what is named, together, by name", () => {
    const choice = chooseVolumes({ selector: { matchLabels: { app: "shop" } }, names: ["other", "web"] }, claims);
    expect(namesOf(choice)).toEqual(["db", "other", "web"]);
  });

  it("says which named PVCs do not exist", () => {
    expect(chooseVolumes({ names: ["web", "gone"] }, claims)).toMatchObject({ missing: ["gone"] });
  });

  it("says which named PVCs are being deleted, and not which others are", () => {
    const deleted = { deletionTimestamp: "2026-11-23T01:00:00Z" };
    const choice = chooseVolumes({ selector: {}, names: ["a", "c"] }, [
      claim("a", {}, deleted),
      claim("b", {}, deleted),
      claim("c"),
    ]);
    expect(choice).toMatchObject({ missing: [], leaving: ["a"] });
    expect(namesOf(choice)).toEqual(["c"]);
  });

  it.each([
    ["those excluded", { annotations: { "holdfast.dev/exclude": "true" } }, {}],
    ["those excluded without a value", { annotations: { "holdfast.dev/exclude": "" } }, {}],
    ["those being deleted", { deletionTimestamp: "2026-11-23T01:00:00Z" }, {}],
    ["the clones of runs", {}, { "holdfast.dev/run": "b7c2" }],
  ])("leaves out %s, even where they are named", (_, more, labels) => {
    expect(namesOf(chooseVolumes({ selector: {}, names: ["a"] }, [claim("a", labels, more)]))).toEqual([]);
  });

  it("takes a PVC that says exclude: false", () => {
    const kept = claim("a", {}, { annotations: { "holdfast.dev/exclude": "false" } });
    expect(namesOf(chooseVolumes({ selector: {} }, [kept]))).toEqual(["a"]);
  });
});

describe("matchesSelector", () => {
  const expression = (operator: "In" | "NotIn" | "Exists" | "DoesNotExist", values?: string[]): LabelSelector => ({
    matchExpressions: [{ key: "tier", operator, values }],
  });
  const table: [string, LabelSelector, Record<string, string>, boolean][] = [
    ["nothing required", {}, {}, true],
    ["an equal label", { matchLabels: { a: "1" } }, { a: "1", b: "2" }, true],
    ["another value", { matchLabels: { a: "1" } }, { a: "2" }, false],
    ["one of two missing", { matchLabels: { a: "1", b: "2" } }, { a: "1" }, false],
    ["In", expression("In", ["x", "y"]), { tier: "y" }, true],
    ["In, absent", expression("In", ["x"]), {}, false],
    ["NotIn", expression("NotIn", ["x"]), { tier: "y" }, true],
    ["NotIn, absent", expression("NotIn", ["x"]), {}, true],
    ["NotIn, listed", expression("NotIn", ["x"]), { tier: "x" }, false],
    ["Exists", expression("Exists"), { tier: "" }, true],
    ["Exists, absent", expression("Exists"), {}, false],
    ["DoesNotExist", expression("DoesNotExist"), {}, true],
    ["DoesNotExist, present", expression("DoesNotExist"), { tier: "x" }, false],
  ];
  it.each(table)("%s", (_, selector, labels, expected) => {
    expect(matchesSelector(selector, labels)).toBe(expected);
  });
});
