import type { BackupPolicy } from "../../api/objects.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { describeFailure, Suspended } from "../failure.ts";
import { loadPolicy } from "../load.ts";
import { inParallel } from "../wait.ts";
import { type RunVerdict, summarize, type VolumeOutcome } from "./outcome.ts";
import { type BackupPlan, resolveBackup } from "./resolve.ts";
import { backupVolume } from "./volume.ts";

/** Volumes at the same time: enough that one waiting for a node does not hold up all, few enough to spare the stores. */
const width = 2;

/** Backs up the volumes of a policy by one of its schedules. Throws a `RunFailure` where no volume could even be tried. */
export async function runBackup(
  context: RunContext,
  names: { readonly policy: string; readonly schedule: string },
): Promise<RunVerdict> {
  const policy = await loadPolicy(context, names.policy);
  const plan = await resolve(context, policy, names.schedule);
  const missing = plan.missing.map(
    ({ pvc, message }): VolumeOutcome => ({ pvc, outcome: "Failed", reason: runReason.volumeNotFound, message }),
  );
  for (const outcome of missing) await tell(context, policy, outcome);
  const done = await inParallel(plan.claims, width, async (claim) => {
    const outcome = await backupVolume(context, plan, claim);
    await tell(context, policy, outcome);
    return outcome;
  });
  context.signal.throwIfAborted();
  return summarize([...missing, ...done]);
}

async function resolve(context: RunContext, policy: BackupPolicy, schedule: string): Promise<BackupPlan> {
  try {
    return await resolveBackup(context, policy, schedule);
  } catch (error) {
    if (error instanceof Suspended) throw error;
    const { reason, message } = describeFailure(error, context.signal);
    const key = context.identity.jobUid;
    await context.recordEvent({
      about: policy,
      type: "Warning",
      reason: eventReasons.Failed,
      message: `${reason}: ${message}`,
      key,
    });
    throw error;
  }
}

const eventReasons: Readonly<Record<VolumeOutcome["outcome"], string>> = {
  Succeeded: "BackupSucceeded",
  Degraded: "BackupDegraded",
  Failed: "BackupFailed",
  Skipped: "BackupSkipped",
};

/** Short for what went well; the cause for what did not. One event per volume and run, also when the run is tried again. */
async function tell(context: RunContext, policy: BackupPolicy, outcome: VolumeOutcome): Promise<void> {
  const well = outcome.outcome === "Succeeded";
  await context.recordEvent({
    about: policy,
    type: well ? "Normal" : "Warning",
    reason: eventReasons[outcome.outcome],
    message: well ? `${outcome.pvc}: ${outcome.message}` : `${outcome.pvc}: ${outcome.reason}: ${outcome.message}`,
    key: `${context.identity.jobUid}/${outcome.pvc}`,
  });
}
