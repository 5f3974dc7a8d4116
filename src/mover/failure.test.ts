import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { failureOf, interrupted } from "./failure.ts";

test("what was waiting when a signal came says which one it was", async () => {
  const controller = new AbortController();
  const waiting = sleep(60_000, undefined, { signal: controller.signal }).catch(failureOf);
  controller.abort(interrupted("SIGTERM"));
  expect(await waiting).toEqual({ reason: "Interrupted", message: "Stopped by SIGTERM." });
});

test("what should not happen is said to be that", () => {
  expect(failureOf(new RangeError("out of bounds"))).toEqual({
    reason: "InternalError",
    message: expect.stringMatching(/report it: RangeError: out of bounds/),
  });
});
