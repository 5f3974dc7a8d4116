import { describe, expect, test } from "vitest";
import { guard, isTooMuch, type ProposedChange } from "./guard.ts";

const base = "3fa9c1d2e4b5".padEnd(64, "0");
const other = "ffffffffffff".padEnd(64, "0");
const amount = (files: number, bytes = files) => ({ files, bytes });

const change = (given: Partial<ProposedChange>): ProposedChange => ({
  before: amount(100),
  removed: amount(0),
  replaced: amount(0),
  filesAfter: 100,
  ...given,
});

const stop = (share: number) => ({ verdict: "Stop", share, token: `3fa9c1d2e4b5-${share}` });
const proceed = { verdict: "Proceed" };

describe("guard", () => {
  test.each([
    ["nothing changes", {}, proceed],
    ["exactly the share goes", { removed: amount(50) }, proceed],
    ["one file more goes", { removed: amount(51) }, stop(51)],
    ["deleted and overwritten together are too much", { removed: amount(30), replaced: amount(30) }, stop(60)],
    ["few files, but most bytes", { replaced: amount(1, 80) }, stop(80)],
    ["most files, but few bytes", { removed: amount(70, 1) }, stop(70)],
    ["a fraction is rounded up", { before: amount(1000), removed: amount(501) }, stop(51)],
    ["everything goes", { removed: amount(100), filesAfter: 0 }, stop(100)],
    ["the mirror is empty and stays so", { before: amount(0), filesAfter: 0 }, proceed],
    ["the mirror is empty and gets files", { before: amount(0), filesAfter: 9 }, proceed],
    ["there are only empty files", { before: amount(4, 0), removed: amount(1, 0) }, proceed],
  ])("%s", (_, given, verdict) => {
    expect(guard(change(given), { maximumChange: 50, base, acknowledged: [] })).toEqual(verdict);
  });

  test.each([
    ["this change", ["3fa9c1d2e4b5-60"], proceed],
    ["more than this change", ["3fa9c1d2e4b5-75"], proceed],
    ["less than this change", ["3fa9c1d2e4b5-59"], stop(60)],
    ["a change of another state of the mirror", [`${other.slice(0, 12)}-60`], stop(60)],
    ["one of several", ["ffffffffffff-60", " 3fa9c1d2e4b5-60 "], proceed],
    ["something that is no token", ["yes", "", "3fa9c1d2e4b5", "3fa9c1d2e4b5-", "-60"], stop(60)],
  ])("acknowledged: %s", (_, acknowledged, verdict) => {
    expect(guard(change({ removed: amount(60) }), { maximumChange: 50, base, acknowledged })).toEqual(verdict);
  });

  test("an emptied volume is a mass change whatever the share is set to", () => {
    const emptied = change({ before: amount(3), removed: amount(3), filesAfter: 0 });
    expect(guard(emptied, { maximumChange: 100, base, acknowledged: [] })).toEqual(stop(100));
    expect(guard(emptied, { maximumChange: 100, base, acknowledged: ["3fa9c1d2e4b5-100"] })).toEqual(proceed);
  });

  test("what is overwritten so far can be too much already, however many files follow", () => {
    const settings = { maximumChange: 50, base, acknowledged: [] };
    expect(isTooMuch(change({ replaced: amount(50), filesAfter: 0 }), settings)).toBe(false);
    expect(isTooMuch(change({ replaced: amount(51), filesAfter: 0 }), settings)).toBe(true);
  });
});
