import { expect, it } from "vitest";
import { describeFailure, logged, RunFailure } from "./failure.ts";

const failure = new RunFailure("SnapshotFailed", "it failed");

it("gives a failure's own reason and message", () => {
  expect(describeFailure(failure)).toEqual({ reason: "SnapshotFailed", message: "it failed" });
});

it("blames what stopped the run for the errors that this made", () => {
  const stopped = AbortSignal.abort(new RunFailure("Interrupted", "SIGTERM"));
  const aborted = new Error("This operation was aborted");
  expect(describeFailure(aborted, new AbortController().signal, stopped)).toEqual({
    reason: "Interrupted",
    message: "SIGTERM",
  });
});

it("calls everything else an internal error, and logs its stack", () => {
  const error = new TypeError("x is not a function");
  expect(describeFailure(error)).toEqual({ reason: "InternalError", message: "x is not a function" });
  expect(logged(error)).toEqual({ err: error });
  expect(logged(failure)).toEqual({ reason: "SnapshotFailed", message: "it failed" });
});
