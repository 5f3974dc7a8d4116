import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Retention } from "../api/policy.ts";
import { decideRetention, planRetention, type RetentionPoint } from "./retention.ts";

/** Points named by their own time. */
const dated = (times: readonly string[]) => times.map((time) => ({ id: time, time }));

const kept = (times: readonly string[], rules: Retention, timeZone = "Etc/UTC"): readonly string[] =>
  decideRetention({ points: dated(times), rules, timeZone })
    .filter((decision) => decision.keep)
    .map((decision) => decision.point.id);

const day = (date: string, hour = "01:00"): string => `${date}T${hour}:00Z`;

describe("decideRetention", () => {
  test("keeps everything where there are no rules", () => {
    expect(kept([day("2020-01-01"), day("2026-01-01")], {})).toHaveLength(2);
  });

  test("has nothing to decide where there is nothing", () => {
    expect(kept([], { keepLast: 1 })).toEqual([]);
  });

  test("keepLast keeps the newest, in whatever order they come", () => {
    const times = [day("2026-11-02"), day("2026-11-04"), day("2026-11-01"), day("2026-11-03")];
    expect(kept(times, { keepLast: 2 })).toEqual([day("2026-11-04"), day("2026-11-03")]);
  });

  test("keepDaily keeps the newest of each day, and days without a point cost nothing", () => {
    const times = [
      day("2026-11-20", "01:00"),
      day("2026-11-20", "23:00"),
      day("2026-11-18", "01:00"),
      day("2026-11-18", "02:00"),
      day("2026-11-01", "05:00"),
      day("2026-10-01", "05:00"),
    ];
    expect(kept(times, { keepDaily: 3 })).toEqual([
      day("2026-11-20", "23:00"),
      day("2026-11-18", "02:00"),
      day("2026-11-01", "05:00"),
    ]);
  });

  test("keeps the oldest point of all while a rule has counts left", () => {
    const times = [day("2026-11-20", "23:00"), day("2026-11-20", "12:00"), day("2026-11-20", "01:00")];
    expect(kept(times, { keepDaily: 5 })).toEqual([day("2026-11-20", "23:00"), day("2026-11-20", "01:00")]);
    expect(kept(times, { keepDaily: 1 })).toEqual([day("2026-11-20", "23:00")]);
  });

  test("keepWeekly counts ISO weeks, from Monday, and by the week's year", () => {
    const times = [
      day("2027-01-04"), // Monday, week 1 of 2027
      day("2027-01-03"), // Sunday, week 53 of 2026
      day("2026-12-31"), // Thursday, week 53 of 2026
      day("2026-12-28"), // Monday, week 53 of 2026
      day("2026-12-27"), // Sunday, week 52 of 2026
    ];
    expect(kept(times, { keepWeekly: 2 })).toEqual([day("2027-01-04"), day("2027-01-03")]);
    expect(kept(times, { keepWeekly: 3 })).toEqual([day("2027-01-04"), day("2027-01-03"), day("2026-12-27")]);
  });

  test("keepMonthly and keepYearly keep the newest of each", () => {
    const times = [day("2026-11-30"), day("2026-11-01"), day("2026-10-31"), day("2025-12-31"), day("2025-01-01")];
    expect(kept(times, { keepMonthly: 2 })).toEqual([day("2026-11-30"), day("2026-10-31")]);
    expect(kept(times, { keepYearly: 2 })).toEqual([day("2026-11-30"), day("2025-12-31")]);
  });

  test("a month of one year is not the same month of another", () => {
    expect(kept([day("2026-11-01"), day("2025-11-01")], { keepMonthly: 2 })).toHaveLength(2);
  });

  test("one point may serve several rules, each counts by itself", () => {
    const times = ["2026-11-23", "2026-11-22", "2026-11-21", "2026-11-15", "2026-10-31", "2026-10-01"].map((date) =>
      day(date),
    );
    expect(kept(times, { keepLast: 1, keepDaily: 2, keepWeekly: 2, keepMonthly: 2 })).toEqual(
      ["2026-11-23", "2026-11-22", "2026-10-31"].map((date) => day(date)),
    );
  });

  test("days are those of the time zone", () => {
    const times = ["2026-11-22T23:30:00Z", "2026-11-22T22:30:00Z"];
    expect(kept([...times, day("2026-11-01")], { keepDaily: 2 }, "Etc/UTC")).toEqual([times[0], day("2026-11-01")]);
    expect(kept([...times, day("2026-11-01")], { keepDaily: 2 }, "Europe/Berlin")).toEqual(times);
  });

  test("the hour that the clock shows twice is one hour", () => {
    const times = ["2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-24T10:00:00Z", "2026-10-23T10:00:00Z"];
    expect(kept(times, { keepHourly: 2 }, "Europe/Berlin")).toEqual([times[0], times[2]]);
  });

  test("reads times with offsets and nanoseconds", () => {
    const times = ["2026-11-23T01:00:00.000000002+01:00", "2026-11-23T00:00:00.000000001Z"];
    expect(kept(times, { keepLast: 1 })).toEqual([times[0]]);
  });

  test("says which rules keep a point", () => {
    const decisions = decideRetention({
      points: dated([day("2026-11-23"), day("2026-11-22"), day("2026-11-21")]),
      rules: { keepLast: 1, keepDaily: 2 },
      timeZone: "Etc/UTC",
    });
    expect(decisions.map((decision) => decision.reasons)).toEqual([
      ["last snapshot", "daily snapshot"],
      ["daily snapshot"],
      ["no rule keeps it"],
    ]);
  });
});

const point = (id: string, time: string, more: Partial<RetentionPoint> = {}): RetentionPoint => ({
  id,
  time,
  chain: "20261101T010000Z",
  state: "Good",
  verified: false,
  held: false,
  ...more,
});

const plan = (points: readonly RetentionPoint[], rules: Retention | undefined) =>
  planRetention({ points, rules, timeZone: "Etc/UTC" });

const keptIds = (points: readonly RetentionPoint[], rules: Retention | undefined): readonly string[] =>
  plan(points, rules)
    .filter((decision) => decision.keep)
    .map((decision) => decision.point.id);

describe("planRetention", () => {
  const series = (states: Record<string, Partial<RetentionPoint>>): readonly RetentionPoint[] =>
    Object.entries(states).map(([id, more], index) => point(id, day(`2026-11-${String(20 - index)}`), more));

  test("keeps everything without rules, incomplete points too", () => {
    expect(keptIds(series({ a: {}, b: { state: "Incomplete" }, c: {} }), undefined)).toEqual(["a", "b", "c"]);
  });

  test("an incomplete point takes no slot", () => {
    expect(keptIds(series({ a: { state: "Incomplete" }, b: {}, c: {}, d: {} }), { keepLast: 2 })).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  test("an incomplete point goes once there is a newer good one", () => {
    expect(keptIds(series({ a: {}, b: { state: "Incomplete" }, c: {} }), { keepLast: 5 })).toEqual(["a", "c"]);
  });

  test("the newest good point stays under any number of newer incomplete ones, and those keep to the rules", () => {
    const bad = { state: "Incomplete" } as const;
    expect(keptIds(series({ a: bad, b: bad, c: bad, d: {}, e: {} }), { keepLast: 1 })).toEqual(["a", "d"]);
  });

  test("the only point there is stays, good or not", () => {
    expect(keptIds(series({ a: { state: "Incomplete" } }), { keepLast: 1 })).toEqual(["a"]);
    expect(keptIds(series({ a: {} }), { keepYearly: 1 })).toEqual(["a"]);
  });

  test("the newest verified point stays, older verified ones go", () => {
    const points = series({ a: {}, b: {}, c: { verified: true }, d: { verified: true } });
    expect(keptIds(points, { keepLast: 1 })).toEqual(["a", "c"]);
    expect(plan(points, { keepLast: 1 }).find((decision) => decision.point.id === "c")?.reasons).toEqual([
      "newest verified point",
    ]);
  });

  test("held points stay, whatever they are", () => {
    expect(
      keptIds(series({ a: {}, b: { held: true }, c: { held: true, state: "Incomplete" }, d: {} }), { keepLast: 1 }),
    ).toEqual(["a", "b", "c"]);
  });

  test("a held point still takes its slot, as it does in restic", () => {
    expect(keptIds(series({ a: { held: true }, b: {}, c: {} }), { keepLast: 1 })).toEqual(["a"]);
  });

  test("property: every point is decided once, and the protected ones stay under any rules", () => {
    const points = fc
      .array(
        fc.record({
          hours: fc.integer({ min: 0, max: 20000 }),
          state: fc.constantFrom("Good" as const, "Incomplete" as const),
          verified: fc.boolean(),
          held: fc.boolean(),
        }),
        { minLength: 1, maxLength: 40 },
      )
      .map((entries) =>
        entries.map(({ hours, ...entry }, index) =>
          point(String(index), new Date(Date.UTC(2024, 0, 1) + hours * 3600_000).toISOString(), entry),
        ),
      );
    const count = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined });
    const rules = fc.record({ keepLast: count, keepHourly: count, keepDaily: count, keepWeekly: count });
    fc.assert(
      fc.property(points, rules, (given, keep) => {
        const decisions = plan(given, keep);
        expect(decisions.map((decision) => decision.point.id).sort()).toEqual(given.map((entry) => entry.id).sort());
        const stays = new Set(decisions.filter((decision) => decision.keep).map((decision) => decision.point.id));
        const good = given.filter((entry) => entry.state === "Good");
        const newest = Math.max(...good.map((entry) => Date.parse(entry.time)));
        const newestVerified = Math.max(...good.filter((e) => e.verified).map((entry) => Date.parse(entry.time)));
        if (good.length > 0) {
          expect(good.some((entry) => stays.has(entry.id) && Date.parse(entry.time) === newest)).toBe(true);
        }
        if (good.some((entry) => entry.verified)) {
          expect(
            good.some((entry) => entry.verified && stays.has(entry.id) && Date.parse(entry.time) === newestVerified),
          ).toBe(true);
        }
        expect(given.filter((entry) => entry.held).every((entry) => stays.has(entry.id))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
