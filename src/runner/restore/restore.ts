import { parseRestore, parseRestorePoint, type Restore } from "../../api/objects.ts";
import { restorePoints, restores } from "../../kube/holdfast.ts";
import type { RunVerdict } from "../backup/outcome.ts";
import { type RunContext, undisturbed } from "../context.ts";
import { runReason } from "../contract.ts";
import { describeFailure, RunFailure } from "../failure.ts";
import { parsed } from "../load.ts";
import { listPoints } from "../points.ts";
import { type Choice, chooseByTime, chooseCopy } from "./choose.ts";
import { isHandedOver, restoreInto } from "./into-claim.ts";
import { type RestoreRecord, recordRestore } from "./status.ts";

/** Brings a restore point back into a new PVC. */
export async function runRestore(context: RunContext, name: string): Promise<RunVerdict> {
  const restore = await loadRestore(context, name);
  if (restore.status?.phase === "Succeeded") return succeeded("it was restored before");
  const record = recordRestore(restore);
  const startTime = restore.status?.startTime ?? context.now().toISOString();
  if (await isHandedOver(context, restore)) {
    await record.set(context, { phase: "Succeeded", startTime, completionTime: context.now().toISOString() });
    return succeeded("an earlier attempt of this run had restored it");
  }
  await record.set(context, { phase: "Running", startTime });
  try {
    return succeeded(await perform(context, restore, record));
  } catch (error) {
    // Stopped from outside it will be tried again: it has not failed yet.
    if (!context.signal.aborted) await tellFailure(undisturbed(context), restore, record, error);
    throw error;
  }
}

async function perform(context: RunContext, restore: Restore, record: RestoreRecord): Promise<string> {
  const choice = await choose(context, restore);
  const { point, copy } = choice;
  await record.set(context, { restorePoint: point.metadata.name, target: copy.target, snapshot: copy.snapshot });
  const { result, seconds } = await restoreInto(context, restore, choice, record);
  await record.set(context, {
    phase: "Succeeded",
    completionTime: context.now().toISOString(),
    progress: undefined,
    restoreSeconds: seconds,
    bytes: Math.round(result.bytes),
    files: result.files,
  });
  const message = `${point.metadata.name} from ${copy.target} is in PVC ${restore.spec.to.pvc.name}: ${result.files} files in ${seconds} s`;
  await context.recordEvent({ about: restore, type: "Normal", reason: "RestoreSucceeded", message });
  return message;
}

async function tellFailure(
  context: RunContext,
  restore: Restore,
  record: RestoreRecord,
  error: unknown,
): Promise<void> {
  const { reason, message } = describeFailure(error);
  await record.set(context, { phase: "Failed", completionTime: context.now().toISOString(), progress: undefined });
  await context.recordEvent({
    about: restore,
    type: "Warning",
    reason: "RestoreFailed",
    message: `${reason}: ${message}`,
  });
}

async function loadRestore({ client, identity }: RunContext, name: string): Promise<Restore> {
  const raw = await client.find(restores, { namespace: identity.namespace, name });
  if (raw) return parsed(parseRestore, raw);
  throw new RunFailure(
    runReason.restoreNotFound,
    `there is no Restore "${name}" any more in namespace ${identity.namespace}`,
  );
}

async function choose(context: RunContext, { spec }: Restore): Promise<Choice> {
  const { restorePointRef, policyRef, pvc, asOf, target } = spec;
  if (policyRef && pvc) {
    const points = (await listPoints(context, pvc)).filter((point) => point.spec.policy === policyRef.name);
    return chooseByTime({ points, pvc, asOf, target });
  }
  const name = restorePointRef?.name ?? "";
  const { namespace } = context.identity;
  const raw = await context.client.find(restorePoints, { namespace, name });
  if (raw) return chooseCopy(parsed(parseRestorePoint, raw), target);
  throw new RunFailure(
    runReason.noRestorePoint,
    `there is no RestorePoint "${name}" in namespace ${namespace}; see what there is with: kubectl get restorepoints`,
  );
}

const succeeded = (message: string): RunVerdict => ({ outcome: "Succeeded", reason: runReason.succeeded, message });
