import { expect, it } from "vitest";
import { countRequests } from "./access-log.ts";

it.each([
  ["", 0],
  ["log starts 2026-11-24 21:45:57 +0000 UTC\n", 0],
  ["log starts 2026-11-24 21:45:57 +0000 UTC\na holdfast [24/November] s3_GetObject\nb\n", 2],
  ["a\nhalf a li", 1],
])("The log %j has %d requests", (log, expected) => {
  expect(countRequests(log)).toBe(expected);
});
