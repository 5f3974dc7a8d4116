import type { Progress } from "../api/runs.ts";
import type { ProgressLine } from "../contract/results.ts";

/** A mover's progress line as statuses carry it. */
export const progressOf = (line: ProgressLine, now: Date): Progress => ({
  phase: line.phase,
  bytesDone: Math.round(line.bytesDone),
  ...(line.bytesTotal === undefined ? {} : { bytesTotal: Math.round(line.bytesTotal) }),
  filesDone: Math.round(line.filesDone),
  time: now.toISOString(),
});
