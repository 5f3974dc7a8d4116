import { describe, expect, it } from "vitest";
import { incompleteTag, type Snapshot } from "../repository/types.ts";
import { noticeOfIncomplete } from "./incomplete.ts";

const snapshot = (digit: string, day: number, other: Partial<Snapshot> = {}): Snapshot => ({
  id: digit.repeat(64),
  time: `2026-11-0${day}T03:00:00Z`,
  tree: "0".repeat(64),
  paths: ["/data"],
  hostname: "shop",
  ...other,
});
const tags = [incompleteTag];
const incomplete = snapshot("c", 5, { tags });

describe("noticeOfIncomplete", () => {
  it("has nothing to say of one that lacks nothing", () => {
    expect(noticeOfIncomplete(snapshot("a", 1), [])).toBeUndefined();
  });

  it("names the newest before it, of the same place, that lacks nothing", () => {
    const all = [
      snapshot("a", 1),
      snapshot("b", 3),
      snapshot("d", 4, { tags }),
      snapshot("e", 4, { hostname: "another" }),
      snapshot("f", 4, { paths: ["/other"] }),
      snapshot("9", 6),
      incomplete,
    ];
    expect(noticeOfIncomplete(incomplete, all)).toContain("before it that lacks nothing is bbbbbbbb, of 2026-11-03");
  });

  it("compares instants, and not their texts", () => {
    const zoned = (digit: string, time: string) => snapshot(digit, 1, { time });
    const all = [
      zoned("a", "2026-11-05T02:00:00Z"),
      zoned("b", "2026-11-05T04:30:00+02:00"),
      zoned("d", "2026-11-05T01:30:00-05:00"),
    ];
    expect(noticeOfIncomplete(incomplete, all)).toContain("lacks nothing is bbbbbbbb");
  });

  it("names none where there is none", () => {
    expect(noticeOfIncomplete(incomplete, [incomplete])).toMatch(/^Snapshot cccccccc is incomplete: [^.]*\.$/);
  });
});
