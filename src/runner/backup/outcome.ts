import type { RunOutcome } from "../../api/runs.ts";
import { listText } from "../../policy/text.ts";
import { runReason } from "../contract.ts";
import type { FailureText } from "../failure.ts";

/** What came of one volume. */
export type VolumeOutcome = FailureText & {
  readonly pvc: string;
  readonly outcome: Exclude<RunOutcome, "Running">;
};

export type RunVerdict = FailureText & { readonly outcome: Exclude<RunOutcome, "Running"> };

/**
 * The outcome of a run from those of its volumes. Succeeded only if every volume did; failed only if no volume got anything. The reason is
 * that of the volumes where they agree, and the message tells each that did not succeed.
 */
export function summarize(volumes: readonly VolumeOutcome[]): RunVerdict {
  const bad = volumes.filter(({ outcome }) => outcome !== "Succeeded");
  if (bad.length === 0) {
    const told = volumes.map(({ pvc, message }) => `${pvc}: ${message}`);
    return { outcome: "Succeeded", reason: runReason.succeeded, message: listText(told) };
  }
  const reasons = new Set(bad.map(({ reason }) => reason));
  const [only] = reasons;
  const failed = bad.some(({ outcome }) => outcome === "Failed");
  const reason = only && reasons.size === 1 ? only : failed ? runReason.volumesFailed : runReason.copiesFailed;
  const done = volumes.length - bad.length;
  const told = bad.map(({ pvc, message }) => `${pvc}: ${message}`);
  const share = volumes.length > 1 ? `${done} of ${volumes.length} volumes were backed up in full; ` : "";
  return { outcome: outcomeOf(volumes), reason, message: `${share}${listText(told)}` };
}

function outcomeOf(volumes: readonly VolumeOutcome[]): RunVerdict["outcome"] {
  const all = (outcome: VolumeOutcome["outcome"]): boolean => volumes.every((volume) => volume.outcome === outcome);
  if (all("Skipped")) return "Skipped";
  const anything = volumes.some(({ outcome }) => outcome === "Succeeded" || outcome === "Degraded");
  return anything ? "Degraded" : "Failed";
}
