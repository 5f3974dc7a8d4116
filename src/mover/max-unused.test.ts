import { describe, expect, it } from "vitest";
import { maxUnusedFrom } from "./max-unused.ts";

describe("maxUnusedFrom", () => {
  it.each([
    [{}, undefined],
    [{ prune: true }, undefined],
    [{ prune: true, maxUnused: "0" }, 0],
    [{ prune: true, maxUnused: "5%" }, 0.05],
    [{ prune: true, maxUnused: "12.5" }, 0.125],
    [{ prune: true, maxUnused: "200" }, 2],
  ])("takes %j for %j", (flags, expected) => {
    expect(maxUnusedFrom(flags)).toBe(expected);
  });

  it.each(["", "-1", "5 %", "1G", "unlimited", "1e3"])("refuses «%s»", (maxUnused) => {
    expect(() => maxUnusedFrom({ prune: true, maxUnused })).toThrow(/--max-unused takes a percentage/);
  });

  it("wants --prune beside it", () => {
    expect(() => maxUnusedFrom({ maxUnused: "5" })).toThrow(/give both/);
  });
});
