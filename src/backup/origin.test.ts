import { describe, expect, test } from "vitest";
import { snapshotTypes } from "../contract/snapshot-type.ts";
import { chooseOrigin } from "./origin.ts";

describe("chooseOrigin", () => {
  test.each(snapshotTypes)("the first snapshot of a repository is its Full, also where it was to be a %s", (type) => {
    expect(chooseOrigin({ type, isFirst: true, runTag: "run" })).toEqual({
      provenance: { type: "Full", owner: "full" },
      scope: new Set(["full"]),
    });
  });

  test("an Incremental builds on everything", () => {
    const { provenance, scope } = chooseOrigin({ type: "Incremental", isFirst: false });
    expect(provenance).toEqual({ type: "Incremental", owner: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(scope).toBeUndefined();
  });

  test("a Differential builds on the Full and on itself", () => {
    const { provenance, scope } = chooseOrigin({ type: "Differential", isFirst: false });
    expect(provenance.type).toBe("Differential");
    expect(scope).toEqual(new Set(["full", provenance.owner]));
  });

  test("every attempt at a run has the same owner, and every run another", () => {
    const ownerOf = (runTag?: string) =>
      chooseOrigin({ type: "Differential", isFirst: false, runTag }).provenance.owner;
    expect(ownerOf("run-1")).toBe(ownerOf("run-1"));
    expect(new Set([ownerOf("run-1"), ownerOf("run-2"), ownerOf(), ownerOf()]).size).toBe(4);
  });
});
