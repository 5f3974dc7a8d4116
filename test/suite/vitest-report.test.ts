import { describe, expect, it } from "vitest";
import { verdictOf } from "./vitest-report.ts";

const file = (status: string, tests: readonly [name: string, status: string][], message = "") => ({
  name: "/somewhere/src/a.test.ts",
  status,
  message,
  assertionResults: tests.map(([fullName, verdict]) => ({
    fullName,
    status: verdict,
    failureMessages: verdict === "failed" ? ["AssertionError: 1 is not 2\n    at line 7"] : [],
  })),
});

describe("What a run of vitest proved", () => {
  it("counts what passed, and nothing for what was skipped", () => {
    const report = {
      testResults: [
        file("passed", [
          ["x", "passed"],
          ["y", "skipped"],
        ]),
      ],
    };
    expect(verdictOf(report, 0)).toEqual({ passed: 1, failures: [] });
  });

  it("names each test that failed, with its reason", () => {
    const { passed, failures } = verdictOf(
      {
        testResults: [
          file("failed", [
            ["x", "passed"],
            ["y is z", "failed"],
          ]),
        ],
      },
      1,
    );
    expect(passed).toBe(1);
    expect(failures).toEqual(["src/a.test.ts: y is z\n      AssertionError: 1 is not 2\n          at line 7"]);
  });

  it("counts a file that could not be run, also beside a test that failed", () => {
    const testResults = [file("failed", [["x", "failed"]]), file("failed", [], "Cannot find module 'b'")];
    const { failures } = verdictOf({ testResults }, 1);
    expect(failures).toHaveLength(2);
    expect(failures[1]).toContain("could not be run\n      Cannot find module 'b'");
  });

  it("has failed where vitest says so, or nothing was tried", () => {
    expect(verdictOf({ testResults: [file("passed", [["x", "passed"]])] }, 1).failures).toHaveLength(1);
    expect(verdictOf({ testResults: [] }, 0).failures).toEqual(["there was no test"]);
  });
});
