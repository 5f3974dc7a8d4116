import { describe, expect, test } from "vitest";
import { duration, durationSeconds, labelName, objectName, timeZone } from "./scalars.ts";

describe("durations", () => {
  test.each([
    ["1s", 1],
    ["90s", 90],
    ["30m", 1800],
    ["26h", 93600],
    ["30d", 2592000],
    ["99999d", 8639913600],
    ["999999999s", 999999999],
  ])("%s is %d seconds", (text, seconds) => {
    expect(duration.safeParse(text).success).toBe(true);
    expect(durationSeconds(text)).toBe(seconds);
  });

  test.each(["", "26", "h", "0h", "01h", "-1h", "1.5h", "26 h", "26h30m", "26H", "1w", "100000d", "1h\n"])(
    "refuses %j, and says what to write",
    (text) => {
      expect(duration.safeParse(text).success).toBe(false);
      expect(() => durationSeconds(text)).toThrow(/such as 26h/);
    },
  );

  test("the longest duration still gives a date that can be written", () => {
    expect(new Date(Date.parse("2026-11-23T00:00:00Z") + durationSeconds("99999d") * 1000).toISOString()).toBe(
      "2300-09-07T00:00:00.000Z",
    );
  });
});

describe("names", () => {
  test.each([
    ["data", true, true],
    ["data-web-0", true, true],
    ["a.b", true, false],
    ["a..b", false, false],
    ["a.-b", false, false],
    ["-a", false, false],
    ["a-", false, false],
    ["A", false, false],
    ["", false, false],
    ["a_b", false, false],
    ["a\n", false, false],
    ["a".repeat(64), true, false],
    ["a".repeat(254), false, false],
  ])("%j as an object's name: %s, as a label: %s", (text, asObject, asLabel) => {
    expect(objectName.safeParse(text).success).toBe(asObject);
    expect(labelName.safeParse(text).success).toBe(asLabel);
  });
});

describe("time zones", () => {
  test.each([
    "UTC",
    "Etc/UTC",
    "Europe/Berlin",
    "America/Argentina/Buenos_Aires",
    "Etc/GMT+5",
    "America/Port-au-Prince",
  ])("%s has the form of one", (text) => expect(timeZone.safeParse(text).success).toBe(true));
  test.each(["", "+01:00", "Europe Berlin", "Europe//Berlin", "/Europe", "Europe/", "../etc/passwd"])(
    "%j has not",
    (text) => expect(timeZone.safeParse(text).success).toBe(false),
  );
});
