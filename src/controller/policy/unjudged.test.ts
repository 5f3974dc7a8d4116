import { describe, expect, it } from "vitest";
import { hoursAgo } from "../fixtures.ts";
import { unjudgedStanding, unknownConditions, unwrittenStanding } from "./unjudged.ts";

describe("a policy that cannot be read or judged", () => {
  const said = { status: "Unknown", reason: "NotJudged", message: "not judged: no such thing" };
  const types = ["RPOMet", "ThreeTwoOne", "Verified", "LastRunSucceeded"];

  it("has each of its conditions as one that nobody knows of, from the first", () => {
    expect(unknownConditions(undefined, "NotJudged", "no such thing")).toEqual(
      types.map((type) => ({ type, ...said })),
    );
  });

  it("has RTOMet where it had it", () => {
    const before = {
      type: "RTOMet",
      status: "True",
      reason: "R",
      message: "m",
      lastTransitionTime: hoursAgo(5),
    } as const;
    const conditions = unknownConditions({ conditions: [before] }, "NotJudged", "no such thing");
    expect(conditions).toContainEqual({ type: "RTOMet", ...said });
    expect(conditions).toHaveLength(5);
  });

  it("says that it could not be judged, and what becomes of its CronJobs", () => {
    expect(unjudgedStanding(new TypeError("no such thing"))).toMatchObject({
      state: "Failing",
      reason: "InternalError",
      message: expect.stringMatching(/could not be judged.*no such thing.*CronJobs stay as they were/),
    });
  });
});

it("a policy of which only the conditions could be written says how it stands, and that", () => {
  const standing = { state: "Ready", reason: "SchedulesApplied", message: "schedules in force: 1 of 1" } as const;
  expect(unwrittenStanding(standing, new Error("field not declared in schema"))).toMatchObject({
    state: "Failing",
    reason: "StatusNotWritten",
    message: expect.stringMatching(
      /^schedules in force: 1 of 1; .*could be written.*field not declared in schema.*CRDs/,
    ),
  });
  const { message } = unwrittenStanding(standing, new Error("refused: errors:\n  b\n  a"));
  expect(message).toContain("refused: errors:\n  a\n  b; where the CRDs");
});
