import { fitName, label } from "../../api/names.ts";
import type { Restore } from "../../api/objects.ts";
import type { RestoreStatus } from "../../api/restore.ts";
import { restores } from "../../kube/holdfast.ts";
import type { Job, Stored } from "../../kube/types.ts";
import { findCondition, isTrue, type Standing } from "../conditions.ts";
import { runnerJobSpec, runnerLabels } from "../cronjobs/runner-job.ts";
import type { RunnerImage } from "../options.ts";
import { controllerReference, isOwnedBy } from "../owners.ts";
import { problemReason } from "../policy/problems.ts";
import { type RunFacts, summarizeRun, summaryReason } from "../runs/summary.ts";

export type RestoreInput = {
  readonly restore: Stored<Restore>;
  /** The Job of its name, whoever made it. */
  readonly present: Stored<Job> | undefined;
  /** What is known of its own Job. */
  readonly run: RunFacts | undefined;
};

export type RestoreDecision =
  /** It has ended, and stays as it is for ever. */
  | { readonly step: "Leave" }
  | { readonly step: "Start" }
  | {
      readonly step: "Say";
      readonly standing: Standing;
      /** What a runner that died could not say itself. */
      readonly status?: Pick<RestoreStatus, "phase" | "completionTime">;
      readonly againAfterSeconds?: number;
    };

export const restoreJobName = (restore: Restore): string => fitName(`restore-${restore.metadata.name}`, 63);

/** Its Job stays this long, for its log; the Restore itself says for ever how it ended. */
const keepJobSeconds = 7 * 24 * 3600;

export function restoreJob(restore: Stored<Restore>, image: RunnerImage): Job {
  const { name, namespace } = restore.metadata;
  const labels = runnerLabels({ [label.restore]: name });
  const spec = runnerJobSpec({
    ...image,
    args: ["runner", "restore", "--restore", name],
    mover: restore.spec.mover,
    labels,
  });
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: restoreJobName(restore),
      namespace,
      labels,
      ownerReferences: [controllerReference(restores, restore)],
    },
    spec: { ...spec, ttlSecondsAfterFinished: keepJobSeconds },
  };
}

/** A Restore runs once: what has begun is followed to its end, and never begun again. */
export function decideRestore({ restore, present, run }: RestoreInput, now: Date): RestoreDecision {
  if (hasEnded(restore)) return { step: "Leave" };
  if (run) return follow(restore, run, now);
  if (hasBegun(restore)) return lost(restore, now);
  if (present && !isOwnedBy(present, restore.metadata.uid)) return { step: "Say", standing: nameTaken(present) };
  return { step: "Start" };
}

/** What is said before anything has begun, and may be put right; a runner says `NameTaken` too, but then it has failed. */
const repeatable: readonly string[] = [problemReason.nameTaken, problemReason.invalidSpec];

function hasEnded({ status }: Restore): boolean {
  if (isTrue(status?.conditions, "Ready")) return true;
  const stalled = findCondition(status?.conditions, "Stalled");
  return stalled?.status === "True" && (status?.phase === "Failed" || !repeatable.includes(stalled.reason));
}

/** Its Job was seen, or its runner has written something. */
const hasBegun = ({ status }: Restore): boolean =>
  status?.startTime !== undefined || findCondition(status?.conditions, "Reconciling")?.reason === summaryReason.running;

function follow(restore: Restore, run: RunFacts, now: Date): RestoreDecision {
  const { outcome, reason, message, completionTime } = summarizeRun(run, now);
  if (outcome === "Running") {
    const state = reason === summaryReason.running ? "Reconciling" : "Failing";
    return { step: "Say", standing: { state, reason, message }, againAfterSeconds: 10 };
  }
  if (outcome === "Succeeded") return { step: "Say", standing: { state: "Ready", reason, message } };
  return { step: "Say", standing: { state: "Stalled", reason, message }, ...failedPhase(restore, completionTime) };
}

/** What its runner could still write down stands, whatever became of the Job. */
function lost(restore: Restore, now: Date): RestoreDecision {
  const { phase } = restore.status ?? {};
  const job = restoreJobName(restore);
  if (phase === "Succeeded") {
    const message = `it was restored; the Job ${job} with its report was deleted before it was read`;
    return { step: "Say", standing: { state: "Ready", reason: summaryReason.succeeded, message } };
  }
  if (phase === "Failed") {
    const message = `it failed, and the Job ${job}, whose report says why, was deleted before it was read; look at the events, and make another Restore`;
    return { step: "Say", standing: { state: "Stalled", reason: summaryReason.runLost, message } };
  }
  const message = `the Job ${job} was deleted before it had ended; look at what is in the new PVC, and make another Restore`;
  const standing: Standing = { state: "Stalled", reason: summaryReason.runLost, message };
  return { step: "Say", standing, ...failedPhase(restore, now.toISOString()) };
}

function failedPhase(
  { status }: Restore,
  completionTime: string | undefined,
): Pick<RestoreDecision & { step: "Say" }, "status"> {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return {};
  return { status: { phase: "Failed", completionTime } };
}

function nameTaken(job: Stored<Job>): Standing {
  const message = `the Job ${job.metadata.name} exists already and belongs to somebody else; remove it, or make a Restore of another name`;
  return { state: "Stalled", reason: problemReason.nameTaken, message };
}
