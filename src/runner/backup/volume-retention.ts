import type { BackupPolicy, RestorePoint } from "../../api/objects.ts";
import type { RunContext } from "../context.ts";
import { undisturbed } from "../context.ts";
import { runReason } from "../contract.ts";
import { deleteAndWait } from "../ensure.ts";
import { describeFailure, logged, RunFailure } from "../failure.ts";
import { loadPolicy } from "../load.ts";
import { moverObjects } from "../mover-run.ts";
import { runLabels, runObjectName } from "../names.ts";
import { asPresent, listPoints } from "../points.ts";
import { findDeadMovers } from "../volume-lease.ts";
import { supersede } from "./mirror.ts";
import type { VolumeOutcome } from "./outcome.ts";
import type { BackupPlan } from "./resolve.ts";
import { retain } from "./retain.ts";

/**
 * Retention of one volume after its backup, on the targets that have just got a good copy: where the newest run failed, nothing is
 * removed. Its failure makes the run `Degraded`; the backup counts all the same.
 */
export async function retainVolume(
  context: RunContext,
  options: {
    readonly plan: BackupPlan;
    readonly pvc: string;
    /** Of this policy and volume, without the one of this run. */
    readonly points: readonly RestorePoint[];
    readonly point: RestorePoint;
    readonly outcome: VolumeOutcome;
  },
): Promise<VolumeOutcome> {
  const { plan, pvc, point, outcome } = options;
  const good = (point.status?.copies ?? []).filter(({ state }) => state === "Good").map(({ target }) => target);
  const targets = plan.targets.filter(({ metadata }) => good.includes(metadata.name));
  if (targets.length === 0) return outcome;
  const run = context.identity.jobUid;
  const name = runObjectName(run, pvc, "forget");
  const policy = plan.policy.metadata.name;
  const labels = runLabels({ run, component: "mover", pvc, policy, schedule: plan.schedule.name });
  const known = [...options.points.filter(({ metadata }) => metadata.name !== point.metadata.name), point];
  try {
    // The backup may have taken hours: whoever held or verified a point meanwhile is to be heeded.
    const rules = await presentRules(context, plan);
    if (!rules) return outcome;
    const present = asPresent(known, await listPoints(context, pvc));
    const points = await supersede(context, present, point);
    const deadHolders = await findDeadMovers(context, pvc);
    const done = await retain(context, {
      name,
      labels,
      policy: rules,
      pvc,
      points,
      newest: point.metadata.name,
      targets,
      deadHolders,
    });
    const tell = (reason: string, message: string) =>
      context.recordEvent({ about: plan.policy, type: "Normal", reason, message: `${pvc}: ${message}` });
    if (done.freed !== "") await tell("RetentionDone", done.freed);
    const [failure] = done.failures;
    if (failure) return withFailure(outcome, done.failures.map(({ message }) => message).join("; "));
    if (done.postponed.length === 0) return outcome;
    const message = `retention was put off to the next run: ${done.postponed.join("; ")}`;
    await tell("RetentionPostponed", message);
    return { ...outcome, message: `${outcome.message}; ${message}` };
  } catch (error) {
    context.signal.throwIfAborted();
    context.log.warn({ ...logged(error), pvc }, "retention failed");
    return withFailure(outcome, describeFailure(error).message);
  } finally {
    await deleteAndWait(undisturbed(context), moverObjects(name));
  }
}

/** The policy as it is now: somebody who sees damage may have asked for more to be kept. Undefined where it is gone, or another one has its name. */
export async function presentRules(
  context: RunContext,
  { policy }: Pick<BackupPlan, "policy">,
): Promise<BackupPolicy | undefined> {
  try {
    const present = await loadPolicy(context, policy.metadata.name);
    return present.metadata.uid === policy.metadata.uid ? present : undefined;
  } catch (error) {
    if (error instanceof RunFailure && error.reason === runReason.policyNotFound) return undefined;
    throw error;
  }
}

function withFailure(outcome: VolumeOutcome, why: string): VolumeOutcome {
  const message = `the backup is done, but old restore points could not be removed: ${why}`;
  if (outcome.outcome !== "Succeeded") return { ...outcome, message: `${outcome.message}; ${message}` };
  return { pvc: outcome.pvc, outcome: "Degraded", reason: runReason.retentionFailed, message };
}
