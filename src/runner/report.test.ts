import { describe, expect, it } from "vitest";
import type { RunReport } from "./contract.ts";
import { runReport } from "./contract.ts";
import { encodeReport, exitCodeOf } from "./report.ts";

const report: RunReport = {
  outcome: "Degraded",
  reason: "StoreUnreachable",
  message: "offsite did not answer",
  startTime: "2026-11-23T01:00:00Z",
  completionTime: "2026-11-23T01:01:00Z",
};

describe("encodeReport", () => {
  it("is the report as it is where it fits", () => {
    expect(JSON.parse(encodeReport(report))).toEqual(report);
  });

  it.each(["x", "é", '"', "😀"])("cuts a long message of %s to what Kubernetes keeps, and nothing else", (letter) => {
    const text = encodeReport({ ...report, message: letter.repeat(5000) });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(Buffer.byteLength(text)).toBeGreaterThan(4080);
    const read = runReport.parse(JSON.parse(text));
    expect({ ...read, message: "" }).toEqual({ ...report, message: "" });
    expect(read.message.endsWith("…")).toBe(true);
  });
});

it.each([
  ["Succeeded", 0],
  ["Skipped", 0],
  ["Failed", 1],
  ["Degraded", 3],
] as const)("exits as %s with %i", (outcome, code) => {
  expect(exitCodeOf(outcome)).toBe(code);
});
