import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTime, parseTime } from "./time.ts";

test.each([
  ["2026-11-23T01:00:00Z", 1_795_395_600_000_000_000n],
  ["1970-01-01T00:00:00.000000001Z", 1n],
  ["1969-12-31T23:59:59.999999999Z", -1n],
  ["1901-12-13T20:45:51.5Z", -2_147_483_648_500_000_000n],
  ["2446-05-10T22:38:55.999999999Z", 15_032_385_535_999_999_999n],
])("%s is a number of nanoseconds, and back", (text, nanoseconds) => {
  expect(parseTime(text)).toBe(nanoseconds);
  expect(formatTime(nanoseconds)).toBe(text);
});

test("reads any offset and more digits than it keeps", () => {
  expect(parseTime("2026-11-23T02:00:00+01:00")).toBe(parseTime("2026-11-23T01:00:00Z"));
  expect(parseTime("1970-01-01T00:00:00.1234567891Z")).toBe(123_456_789n);
});

test("keeps every time that Go can read", () => {
  const from = parseTime("0000-01-01T00:00:00Z") as bigint;
  const to = parseTime("9999-12-31T23:59:59.999999999Z") as bigint;
  fc.assert(
    fc.property(fc.bigInt({ min: from, max: to }), (time) => {
      expect(parseTime(formatTime(time))).toBe(time);
    }),
  );
});

test("moves times beyond that to the nearest", () => {
  expect(formatTime(10n ** 21n)).toBe("9999-12-31T23:59:59Z");
  expect(formatTime(-(10n ** 21n))).toBe("0000-01-01T00:00:00Z");
});

test.each([
  ["2026-02-28T23:59:60Z"],
  ["2026-11-23T01:00:00.Z"],
  ["2026-11-23T01:00:0.5Z"],
  ["2026-11-23T01:6a:00Z"],
  ["2026/11/23T01:00:00Z"],
  ["2026-11-23T01:00:00.00000000xZ"],
])("refuses %j, which is nearly one", (text) => {
  expect(parseTime(text)).toBeUndefined();
});

test.each(["", "yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T01:00:00", "2026-11-23 01:00:00Z"])(
  "refuses %j",
  (text) => {
    expect(parseTime(text)).toBeUndefined();
  },
);
