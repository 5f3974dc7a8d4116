/**
 * Requests that versitygw wrote into its access log: one line each, beside a line that says when the log starts. A line that
 * is not finished yet does not count.
 */
export function countRequests(log: string): number {
  return log
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== "" && !line.startsWith("log starts")).length;
}
