import { writeFile } from "node:fs/promises";
import type { RunReport } from "./contract.ts";

/** Kubernetes keeps this much of a termination message. */
const longest = 4096;

/** The report as JSON of at most 4,096 bytes: the message is cut to fit, nothing else. */
export function encodeReport(report: RunReport): string {
  const encode = (message: string): string => JSON.stringify({ ...report, message });
  const fits = (text: string): boolean => Buffer.byteLength(text) <= longest;
  const whole = encode(report.message);
  if (fits(whole)) return whole;
  // A character may take several bytes, and more when it is escaped: look for the longest beginning that fits.
  let [shortest, tooLong] = [0, report.message.length];
  while (tooLong - shortest > 1) {
    const middle = (shortest + tooLong) >> 1;
    if (fits(encode(`${report.message.slice(0, middle)}…`))) shortest = middle;
    else tooLong = middle;
  }
  return encode(`${report.message.slice(0, shortest).toWellFormed()}…`);
}

/** Exit code of the runner for an outcome. */
export function exitCodeOf(outcome: RunReport["outcome"]): number {
  switch (outcome) {
    case "Succeeded":
    case "Skipped":
      return 0;
    case "Degraded":
      return 3;
    default:
      return 1;
  }
}

/** Hands the report to the controller through the pod's termination message. */
export async function writeReport(report: RunReport, file = "/dev/termination-log"): Promise<void> {
  await writeFile(file, encodeReport(report));
}
