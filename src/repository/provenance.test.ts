import { describe, expect, test } from "vitest";
import { type Provenance, provenanceOf, scopeOf, withProvenance } from "./provenance.ts";

const provenances: readonly Provenance[] = [
  { type: "Full", owner: "full" },
  { type: "Incremental", owner: "a1" },
  { type: "Differential", owner: "b2" },
];

describe("the tags of a snapshot", () => {
  test.each(provenances)("tell the type and the owner: %o", (provenance) => {
    expect(provenanceOf({ tags: withProvenance(["by=hand"], provenance) })).toEqual(provenance);
  });

  test("say what the snapshot became, not what was expected of it, and keep the others", () => {
    const tags = withProvenance(["policy=shop", "type=Incremental", "type=database"], { type: "Full", owner: "full" });
    expect(tags).toEqual(["policy=shop", "type=database", "type=Full", "holdfast-owner=full"]);
  });

  test.each([
    ["there are none", undefined],
    ["there is only a type", ["type=Full"]],
    ["there is only an owner", ["holdfast-owner=full"]],
    ["the type is somebody else's", ["type=database", "holdfast-owner=full"]],
    ["the owner is no id", ["type=Full", "holdfast-owner=No Such"]],
  ])("tell nothing where %s", (_, tags) => {
    expect(provenanceOf(tags ? { tags } : {})).toBeUndefined();
  });
});

test("only a Differential may not depend on everybody", () => {
  expect(provenances.map(scopeOf)).toEqual([undefined, undefined, new Set(["full", "b2"])]);
  expect(scopeOf(undefined)).toBeUndefined();
});
