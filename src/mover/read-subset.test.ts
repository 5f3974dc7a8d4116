import { describe, expect, it } from "vitest";
import { readDataFrom } from "./read-subset.ts";

describe("readDataFrom", () => {
  it.each([
    [{}, false],
    [{ readData: true }, true],
    [{ readDataSubset: "1/1" }, { part: 1, of: 1 }],
    [{ readDataSubset: "2/7" }, { part: 2, of: 7 }],
    [{ readDataSubset: "30/30" }, { part: 30, of: 30 }],
  ])("takes %j for %j", (flags, expected) => {
    expect(readDataFrom(flags)).toEqual(expected);
  });

  it.each(["", "2", "0/7", "8/7", "1/0", "-1/7", "1.5/7", "1/7/9", "10%", " 1/7", "1e2/200"])(
    "refuses «%s»",
    (readDataSubset) => {
      expect(() => readDataFrom({ readDataSubset })).toThrow(/--read-data-subset takes N\/M/);
    },
  );
});
