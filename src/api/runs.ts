import { z } from "zod";
import { instant } from "./scalars.ts";

/**
 * How a run ended. `Degraded`: some copies are good, but not every volume on every target. `Skipped`: another run held
 * the volume until this one's deadline, or the schedule was suspended; nothing was tried and nothing failed.
 */
export const runOutcome = z.enum(["Running", "Succeeded", "Degraded", "Failed", "Skipped"]);
export type RunOutcome = z.infer<typeof runOutcome>;

export const runSummary = z.strictObject({
  job: z.string(),
  outcome: runOutcome,
  reason: z.string(),
  message: z.string(),
  startTime: instant.optional(),
  completionTime: instant.optional(),
});
export type RunSummary = z.infer<typeof runSummary>;

/** What a mover has done so far, mirrored from its progress lines. */
export const progress = z.strictObject({
  phase: z.string(),
  bytesDone: z.int().min(0),
  bytesTotal: z.int().min(0).optional(),
  filesDone: z.int().min(0),
  time: instant,
});
export type Progress = z.infer<typeof progress>;
