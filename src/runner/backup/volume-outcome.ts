import type { RestorePoint } from "../../api/objects.ts";
import type { PersistentVolumeClaim, Stored } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import type { FailureText } from "../failure.ts";
import { loadClaim } from "../load.ts";
import type { VolumeOutcome } from "./outcome.ts";

/** What a finished restore point means for the run. */
export function outcomeOf(pvc: string, { metadata, spec, status }: RestorePoint): VolumeOutcome {
  const copies = status?.copies ?? [];
  if (status?.phase === "Succeeded") {
    const targets = copies.map(({ target }) => target).join(", ");
    const entries = status.leftOut?.entries ?? 0;
    const leftOut = entries > 0 ? `; ${entries} ${entries === 1 ? "entry" : "entries"} left out by the policy` : "";
    const message = `${spec.type} ${metadata.name} on ${targets}${leftOut}`;
    return { pvc, outcome: "Succeeded", reason: runReason.succeeded, message };
  }
  const bad = copies.find(({ state }) => state !== "Good");
  const reason = bad?.reason ?? runReason.internalError;
  const outcome = status?.phase === "Degraded" ? "Degraded" : "Failed";
  return { pvc, outcome, reason, message: status?.message ?? "no copy was made" };
}

/**
 * A volume whose PVC went away during its backup: a copy from its snapshot is as good as any, but the volume is not
 * protected any more, and somebody may not have meant to delete it.
 */
export async function withDeletion(
  context: RunContext,
  claim: Stored<PersistentVolumeClaim>,
  outcome: VolumeOutcome,
): Promise<VolumeOutcome> {
  if (!(await isDeleted(context, claim))) return outcome;
  const kept = outcome.outcome === "Failed" ? "" : "; the copy of its snapshot is complete and stays";
  const told = outcome.outcome === "Succeeded" ? outcome.message : `what failed: ${outcome.message}`;
  return {
    pvc: outcome.pvc,
    outcome: outcome.outcome === "Succeeded" ? "Degraded" : outcome.outcome,
    reason: runReason.volumeNotFound,
    message: `${deletedMessage(outcome.pvc)}${kept} (${told})`,
  };
}

/** The reason of a failure, or that the PVC was deleted, which explains whatever went wrong after it. */
export async function blameDeletion(
  context: RunContext,
  claim: Stored<PersistentVolumeClaim>,
  failure: FailureText,
): Promise<FailureText> {
  if (failure.reason === runReason.interrupted || failure.reason === runReason.volumeNotFound) return failure;
  if (!(await isDeleted(context, claim))) return failure;
  const message = `${deletedMessage(claim.metadata.name)} (what failed: ${failure.message})`;
  return { reason: runReason.volumeNotFound, message };
}

const deletedMessage = (pvc: string): string => `PVC ${pvc} was deleted while it was being backed up`;

async function isDeleted(context: RunContext, claim: Stored<PersistentVolumeClaim>): Promise<boolean> {
  const now = await loadClaim(context, claim.metadata.name);
  return now?.metadata.uid !== claim.metadata.uid || now.metadata.deletionTimestamp !== undefined;
}
