import { expect, test } from "vitest";
import { countText, durationText, listText, utc } from "./text.ts";

test.each([
  [90, "90s"],
  [60, "1m"],
  [1800, "30m"],
  [3600, "1h"],
  [86400, "24h"],
  [93600, "26h"],
  [172800, "2d"],
  [2592000, "30d"],
  [12.34, "12.3s"],
])("%d seconds are %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test("an instant is written in UTC to the second", () => {
  expect(utc("2026-11-23T02:00:00.900+01:00")).toBe("2026-11-23T01:00:00Z");
});

test("a list shows five and counts the rest", () => {
  expect(listText(["a", "b"])).toBe("a; b");
  expect(listText(["1", "2", "3", "4", "5", "6"])).toBe("1; 2; 3; 4; 5; and 1 more");
});

test("one is singular", () => {
  expect([countText(1, "volume"), countText(0, "volume")]).toEqual(["1 volume", "0 volumes"]);
});
