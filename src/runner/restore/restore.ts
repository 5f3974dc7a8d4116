import { parseRestore, parseRestorePoint, type Restore } from "../../api/objects.ts";
import type { RestoreStatus } from "../../api/restore.ts";
import { restorePoints, restores } from "../../kube/holdfast.ts";
import type { RunVerdict } from "../backup/outcome.ts";
import { type RunContext, undisturbed } from "../context.ts";
import { runReason } from "../contract.ts";
import { describeFailure, RunFailure } from "../failure.ts";
import { parsed } from "../load.ts";
import { listPoints } from "../points.ts";
import { type Choice, chooseAgain, chooseByTime, chooseCopy } from "./choose.ts";
import { discardAttempt, isHandedOver, restoreInto } from "./into-claim.ts";
import { type RestoreRecord, recordRestore } from "./status.ts";

/** Brings a restore point back into a new PVC. */
export async function runRestore(context: RunContext, name: string): Promise<RunVerdict> {
  const restore = await loadRestore(context, name);
  if (restore.status?.phase === "Succeeded") return succeeded("it was restored before");
  const record = recordRestore(restore);
  const startTime = restore.status?.startTime ?? context.now().toISOString();
  const { restorePoint, target, snapshot } = restore.status ?? {};
  if (await isHandedOver(context, restore)) {
    const completionTime = context.now().toISOString();
    await record.set(context, { phase: "Succeeded", startTime, completionTime, restorePoint, target, snapshot });
    return succeeded("an earlier attempt of this run had restored it");
  }
  const before = await chosenBefore(context, restore);
  await record.set(context, { phase: "Running", startTime, ...(before && factsOf(before)) });
  try {
    return succeeded(await perform(context, restore, record, before));
  } catch (error) {
    // Stopped from outside it will be tried again: it has not failed yet.
    if (!context.signal.aborted) await tellFailure(undisturbed(context), restore, record, error);
    throw error;
  }
}

async function perform(
  context: RunContext,
  restore: Restore,
  record: RestoreRecord,
  before: Choice | undefined,
): Promise<string> {
  if (!before) await discardAttempt(context, restore);
  const choice = before ?? (await choose(context, restore));
  const { point, copy } = choice;
  await record.set(context, factsOf(choice));
  const { result, seconds: ownSeconds } = await restoreInto(context, restore, choice, record);
  const seconds = before ? Math.max(ownSeconds, secondsSince(context, restore.status?.startTime)) : ownSeconds;
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

const factsOf = ({ point, copy }: Choice): Pick<RestoreStatus, "restorePoint" | "target" | "snapshot"> => ({
  restorePoint: point.metadata.name,
  target: copy.target,
  snapshot: copy.snapshot,
});

/** Whoever goes on with an attempt has waited since that began. */
const secondsSince = (context: RunContext, startTime: string | undefined): number =>
  startTime === undefined ? 0 : Math.max(0, Math.round((context.now().getTime() - Date.parse(startTime)) / 1000));

/** What an earlier attempt of this run had chosen, and is perhaps restoring still. */
async function chosenBefore(context: RunContext, { status }: Restore): Promise<Choice | undefined> {
  const { restorePoint: name } = status ?? {};
  if (name === undefined) return undefined;
  const raw = await context.client.find(restorePoints, { namespace: context.identity.namespace, name });
  return raw && chooseAgain(parsed(parseRestorePoint, raw), status);
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
