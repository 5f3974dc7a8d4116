import { expect, it, test } from "vitest";
import { PodLost } from "../job-run.ts";
import { failureOf } from "./check.ts";

const check = { name: "opens", timeout: "90s" };
const end = (exitCode: number, terminationMessage: string, status: object, metadata: object = {}) => ({
  exitCode,
  reason: undefined,
  terminationMessage,
  pod: { metadata: { name: "check", ...metadata }, status },
});

it("says the exit code and the end of the output", () => {
  const lines = Array.from({ length: 15 }, (_, index) => `line ${index}`).join("\n");
  const { reason, message } = failureOf(check, end(3, lines, { phase: "Failed" })) ?? {};
  expect(reason).toBe("CheckFailed");
  expect(message).toContain("the check opens exited with 3");
  expect(message).toContain("line 14");
  expect(message).not.toContain("line 4\n");
  expect(failureOf(check, end(1, "", { phase: "Failed" }))?.message).toContain("printed nothing");
});

test.each([0, 143, 137])(
  "one whose time was over has failed, though it ended with %i when it was told to stop",
  (code) => {
    const failure = failureOf(check, end(code, "", { phase: "Failed", reason: "DeadlineExceeded" }));
    expect(failure).toMatchObject({
      reason: "CheckFailed",
      message: expect.stringContaining("did not end within 90s"),
    });
  },
);

test.each([
  ["Evicted", { phase: "Failed", reason: "Evicted" }, {}],
  ["its pod was deleted", { phase: "Succeeded" }, { deletionTimestamp: "2026-11-28T01:00:00Z" }],
])("one that the cluster has stopped has neither passed nor failed: %s", (why, status, metadata) => {
  for (const code of [0, 143]) {
    const failure = failureOf(check, end(code, "", status, metadata));
    expect(failure).toMatchObject({ reason: "MoverLost", message: expect.stringContaining(why) });
    expect(failure, "another one may well do it").toBeInstanceOf(PodLost);
  }
});

test.each([
  [137, "ContainerStatusUnknown"],
  [255, "Unknown"],
])("one that ended with %i, %s, did so with its node, and says nothing of the copy", (code, reason) => {
  expect(failureOf(check, { ...end(code, "", { phase: "Failed" }), reason })).toBeInstanceOf(PodLost);
  expect(failureOf(check, { ...end(code, "", { phase: "Failed" }), reason: "Error" })?.reason).toBe("CheckFailed");
});

it("has passed when it came to its own end with 0, and its pod with it", () => {
  expect(failureOf(check, end(0, "fine", { phase: "Succeeded" }))).toBeUndefined();
  expect(failureOf(check, end(0, "fine", { phase: "Running" }))).toBeDefined();
});
