import { z } from "zod";
import { instant } from "./scalars.ts";

/**
 * How a run ended. `Degraded`: some copies are good, but not every volume on every target. `Skipped`: another run held
 * the volume until this one's deadline, or the schedule was suspended; nothing was tried and nothing failed.
 */
export const runOutcome = z.enum(["Running", "Succeeded", "Degraded", "Failed", "Skipped"]);
export type RunOutcome = z.infer<typeof runOutcome>;

export const runSummary = z.strictObject({
  job: z.string().describe("The Job's name."),
  outcome: runOutcome.describe(
    "How it ended. Degraded: some copies are good, but not every volume on every target. Skipped: nothing was tried.",
  ),
  reason: z.string().describe("Why, as a word for programs."),
  message: z.string().describe("Why, and what to do, for people."),
  startTime: instant.optional().describe("When it started."),
  completionTime: instant.optional().describe("When it ended."),
});
export type RunSummary = z.infer<typeof runSummary>;

/** What a mover has done so far, mirrored from its progress lines. */
export const progress = z.strictObject({
  phase: z.string().describe("What the mover is doing."),
  bytesDone: z.int().min(0).describe("Bytes done so far."),
  bytesTotal: z.int().min(0).optional().describe("Bytes to do, where that is known."),
  filesDone: z.int().min(0).describe("Files done so far."),
  time: instant.describe("When the mover said so."),
});
export type Progress = z.infer<typeof progress>;
