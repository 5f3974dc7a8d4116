import { describe, expect, test } from "vitest";
import { earliestTime, firstMissed, isTimeZone, nextTime, nextTimes, slotsBetween } from "./schedules.ts";

const times = (cron: string, timeZone: string, after: string, count: number): readonly string[] =>
  nextTimes({ schedule: { cron, timeZone }, after: new Date(after), count }).map((slot) => slot.toISOString());

describe("nextTimes", () => {
  test("reads the expression in its time zone", () => {
    expect(times("0 1 * * 1-6", "Europe/Berlin", "2026-11-23T12:00:00Z", 2)).toEqual([
      "2026-11-24T00:00:00.000Z",
      "2026-11-25T00:00:00.000Z",
    ]);
  });

  test("begins after the given instant, even if that is a slot", () => {
    expect(times("*/2 * * * *", "Etc/UTC", "2026-11-23T12:00:00Z", 2)).toEqual([
      "2026-11-23T12:02:00.000Z",
      "2026-11-23T12:04:00.000Z",
    ]);
    expect(times("*/2 * * * *", "Etc/UTC", "2026-11-23T11:59:59.999Z", 1)).toEqual(["2026-11-23T12:00:00.000Z"]);
  });

  test("takes a day when either the day of month or the day of week matches", () => {
    expect(times("0 0 13 * 5", "Etc/UTC", "2026-11-10T00:00:00Z", 3)).toEqual([
      "2026-11-13T00:00:00.000Z",
      "2026-11-20T00:00:00.000Z",
      "2026-11-27T00:00:00.000Z",
    ]);
    expect(times("0 0 13 * 0", "Etc/UTC", "2026-11-12T00:00:00Z", 2)).toEqual([
      "2026-11-13T00:00:00.000Z",
      "2026-11-15T00:00:00.000Z",
    ]);
  });

  test("has no slot on the day whose clock skips the time", () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00.
    expect(times("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 2)).toEqual([
      "2026-03-28T01:30:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("has the slot at the very instant the clock jumps to", () => {
    expect(times("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1)).toEqual(["2026-03-29T01:00:00.000Z"]);
  });

  test("has two slots on the day whose clock shows the time twice", () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00.
    expect(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T01:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
    expect(times("0 2 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 1)).toEqual(["2026-10-25T01:00:00.000Z"]);
  });

  test("keeps the order through the hour that comes twice", () => {
    expect(times("*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 5)).toEqual([
      "2026-10-25T00:00:00.000Z",
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T01:00:00.000Z",
      "2026-10-25T01:30:00.000Z",
      "2026-10-26T01:00:00.000Z",
    ]);
  });

  test("finds 29 February over years and clock changes", () => {
    expect(times("0 12 29 2 *", "America/New_York", "2026-11-23T00:00:00Z", 1)).toEqual(["2028-02-29T17:00:00.000Z"]);
  });

  test.each(["Etc/UTC", "Europe/Berlin"])("ends where a day never comes (%s)", (timeZone) => {
    expect(times("0 0 31 2 *", timeZone, "2026-11-23T00:00:00Z", 1)).toEqual([]);
  });

  test("is empty for a suspended schedule", () => {
    const schedule = { cron: "* * * * *", timeZone: "Etc/UTC", suspend: true };
    expect(nextTime(schedule, new Date("2026-11-23T00:00:00Z"))).toBeUndefined();
  });

  test("throws on what is no cron expression or time zone, and says so", () => {
    const after = new Date("2026-11-23T00:00:00Z");
    expect(() => nextTime({ cron: "daily", timeZone: "Etc/UTC" }, after)).toThrow('"daily" is not a cron expression');
    expect(() => nextTime({ cron: "* * * * *", timeZone: "Mars/Olympus" }, after)).toThrow(RangeError);
  });
});

test("earliestTime is the first slot of any schedule that is not suspended", () => {
  const after = new Date("2026-11-23T12:00:00Z");
  const hourly = { cron: "0 * * * *", timeZone: "Etc/UTC" };
  const daily = { cron: "0 1 * * *", timeZone: "Etc/UTC" };
  expect(earliestTime([daily, hourly], after)?.toISOString()).toBe("2026-11-23T13:00:00.000Z");
  expect(earliestTime([daily, { ...hourly, suspend: true }], after)?.toISOString()).toBe("2026-11-24T01:00:00.000Z");
  expect(earliestTime([], after)).toBeUndefined();
});

describe("slotsBetween", () => {
  const schedule = { cron: "0 * * * *", timeZone: "Etc/UTC" };
  const between = (since: string, until: string, limit?: number): readonly string[] =>
    slotsBetween({ schedule, since: new Date(since), until: new Date(until), ...(limit ? { limit } : {}) }).map(
      (slot) => slot.toISOString().slice(11, 16),
    );

  test("leaves the first instant out and takes the last one in", () => {
    expect(between("2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z")).toEqual(["11:00", "12:00"]);
    expect(between("2026-11-23T10:00:00Z", "2026-11-23T10:59:59Z")).toEqual([]);
  });

  test("has a limit, so that a long absence costs no time", () => {
    expect(between("2016-11-23T10:00:00Z", "2026-11-23T12:00:00Z", 3)).toEqual(["11:00", "12:00", "13:00"]);
  });
});

describe("firstMissed", () => {
  const schedule = { cron: "0 1 * * *", timeZone: "Etc/UTC" };
  const missed = (since: string, now: string, more: object = {}): string | undefined =>
    firstMissed({ schedule: { ...schedule, ...more }, since: new Date(since), now: new Date(now) })?.toISOString();

  test.each<[string, string, string, string | undefined]>([
    ["none before the first slot", "2026-11-22T12:00:00Z", "2026-11-23T00:59:00Z", undefined],
    ["none while Kubernetes may still start it", "2026-11-22T12:00:00Z", "2026-11-23T01:09:59Z", undefined],
    ["one that is ten minutes old", "2026-11-22T12:00:00Z", "2026-11-23T01:10:00Z", "2026-11-23T01:00:00.000Z"],
    ["the first of several", "2026-11-20T12:00:00Z", "2026-11-23T01:10:00Z", "2026-11-21T01:00:00.000Z"],
    ["none that is not after the last run", "2026-11-23T01:00:00Z", "2026-11-23T12:00:00Z", undefined],
  ])("%s", (_, since, now, expected) => expect(missed(since, now)).toBe(expected));

  test("none of a suspended schedule", () => {
    expect(missed("2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z", { suspend: true })).toBeUndefined();
  });
});

describe("isTimeZone", () => {
  test.each(["UTC", "Etc/UTC", "Europe/Berlin", "US/Eastern", "Asia/Calcutta", "Etc/GMT+5"])("%s is one", (name) => {
    expect(isTimeZone(name)).toBe(true);
  });
  test.each(["europe/berlin", "Local", "+01:00", "Mars/Olympus", "", "UTC+1"])("%j is none for Kubernetes", (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});
