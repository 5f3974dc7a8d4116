import { expect, it } from "vitest";
import { inAttempts } from "./attempts.ts";
import type { RunContext } from "./context.ts";
import { RunFailure } from "./failure.ts";
import { PodLost } from "./job-run.ts";

const lost = new PodLost("its node was drained");
const interrupted = new RunFailure("Interrupted", "Stopped by SIGTERM.");
const itself = new RunFailure("TargetVolumeFull", "it is full");

/** Ends as the next of `ends` says: with an error, or well. */
async function attempt(ends: readonly (Error | "well")[], stopAfter = Number.POSITIVE_INFINITY) {
  const stopping = new AbortController();
  const warned: string[] = [];
  const log = { warn: (_: object, text: string) => warned.push(text) };
  const context = { signal: stopping.signal, log } as unknown as RunContext;
  let made = 0;
  const ended = inAttempts(context, "the restore", async () => {
    const end = ends[made++];
    if (made >= stopAfter) stopping.abort();
    if (end instanceof Error) throw end;
    return end;
  });
  const result = await ended.catch((error: unknown) => error);
  return { result, made, warned };
}

it.each([
  ["once where it ends well", ["well"], 1, "well"],
  ["once more where its pod was lost", [lost, "well"], 2, "well"],
  ["once more where it was told to stop", [interrupted, "well"], 2, "well"],
  ["three times at most", [lost, interrupted, lost, "well"], 3, lost],
  ["once where it fails by itself", [itself, "well"], 1, itself],
] as const)("does it %s", async (_, ends, times, result) => {
  const ended = await attempt(ends);
  expect(ended).toMatchObject({ made: times });
  expect(ended.result).toBe(result);
  expect(ended.warned).toHaveLength(times - 1);
});

it("names what stopped it first where it then fails by itself", async () => {
  const { result, made } = await attempt([lost, interrupted, itself]);
  expect(made).toBe(3);
  expect(result).toMatchObject({
    reason: "TargetVolumeFull",
    message: "it is full; it was begun anew after this: its node was drained",
    cause: itself,
  });
});

it("does not begin anew what is to end", async () => {
  const { result, made, warned } = await attempt([lost, "well"], 1);
  expect([result, made, warned]).toEqual([lost, 1, []]);
});
