import { label, labelValue } from "../../api/names.ts";
import type { Restore } from "../../api/objects.ts";
import type { RestoreResult } from "../../contract/results.ts";
import { persistentVolumeClaims } from "../../kube/resources.ts";
import { inAttempts } from "../attempts.ts";
import { claimSpecFor, isBlock, recordedSource } from "../claim.ts";
import { fieldManager, type RunContext, undisturbed } from "../context.ts";
import { runReason } from "../contract.ts";
import { deleteAndWait, ensure, findOurs } from "../ensure.ts";
import { RunFailure } from "../failure.ts";
import { findStarted } from "../job-run.ts";
import { loadTarget } from "../load.ts";
import { moverObjects } from "../mover-run.ts";
import { runLabels, runObjectName } from "../names.ts";
import { progressOf } from "../progress.ts";
import { restoreData } from "../restore-mover.ts";
import type { Choice } from "./choose.ts";
import type { RestoreRecord } from "./status.ts";

const restoredByAnnotation = "holdfast.dev/restored-by";

/**
 * Makes the PVC and restores into it. While it is not whole it belongs to the run's Job, so that it goes with it; where the restore
 * fails it is removed at once, because half of the data must not look like all of it. So each attempt has a PVC of its own.
 */
export async function restoreInto(
  context: RunContext,
  restore: Restore,
  choice: Choice,
  record: RestoreRecord,
): Promise<{ readonly result: RestoreResult; readonly seconds: number }> {
  if (isBlock(recordedSource(choice.point)) && (restore.spec.paths ?? []).length > 0) {
    const message = `${choice.point.metadata.name} is of a block device, which is restored as a whole: leave out spec.paths`;
    throw new RunFailure("InvalidConfiguration", message);
  }
  const started = performance.now();
  const result = await inAttempts(context, "the restore", () => attemptRestore(context, restore, choice, record));
  return { result, seconds: Math.round((performance.now() - started) / 100) / 10 };
}

async function attemptRestore(
  context: RunContext,
  restore: Restore,
  choice: Choice,
  record: RestoreRecord,
): Promise<RestoreResult> {
  const target = await loadTarget(context, choice.copy.target);
  const name = runObjectName(context.identity.jobUid, restore.metadata.name);
  const claim = restore.spec.to.pvc.name;
  // A PVC that a lost mover has left holds a part, which no other one takes for empty.
  if (!(await findStarted(context, name))) await discardAttempt(context, restore);
  await makeClaim(context, restore, choice);
  try {
    const result = await restoreData(context, {
      about: restore,
      name,
      labels: labelsOf(context, restore, choice, "mover"),
      choice,
      target,
      claim,
      options: restore.spec.mover,
      include: restore.spec.paths ?? [],
      onProgress: (line) => record.set(context, { progress: progressOf(line, context.now()) }),
    });
    await handOver(context, restore);
    return result;
  } catch (error) {
    await deleteAndWait(undisturbed(context), moverObjects(name));
    await deleteAndWait(undisturbed(context), [{ resource: persistentVolumeClaims, name: claim }]);
    throw error;
  } finally {
    await deleteAndWait(undisturbed(context), moverObjects(name));
  }
}

async function makeClaim(context: RunContext, restore: Restore, choice: Choice): Promise<void> {
  const { name, ...wanted } = restore.spec.to.pvc;
  await ensure(context, persistentVolumeClaims, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: context.identity.namespace,
      labels: labelsOf(context, restore, choice, "scratch"),
      ownerReferences: [context.owner],
    },
    spec: claimSpecFor(recordedSource(choice.point), wanted),
  });
}

/** What an earlier attempt of this run has made, and nobody goes on with. Throws `NameTaken` where the PVC is somebody else's. */
export async function discardAttempt(context: RunContext, restore: Restore): Promise<void> {
  const claim = restore.spec.to.pvc.name;
  // It is made first: without it there is nothing else.
  if (!(await findOurs(context, persistentVolumeClaims, claim))) return;
  await deleteAndWait(context, moverObjects(runObjectName(context.identity.jobUid, restore.metadata.name)));
  const left = await deleteAndWait(context, [{ resource: persistentVolumeClaims, name: claim }]);
  if (left.length === 0) return;
  const message = `the PVC ${claim} of an attempt that was stopped is not gone yet; see whether its pod's node is well, then make another Restore`;
  throw new RunFailure(runReason.moverLost, message);
}

/** From here on it is the user's: nothing owns it, and no run claims it. */
async function handOver({ client, identity }: RunContext, restore: Restore): Promise<void> {
  const ref = { namespace: identity.namespace, name: restore.spec.to.pvc.name };
  const labels = {
    [label.run]: null,
    [label.component]: null,
    [label.managedBy]: null,
    [label.pvc]: null,
    [label.policy]: null,
    [label.restore]: labelValue(restore.metadata.name),
  };
  const annotations = { [restoredByAnnotation]: restore.metadata.uid };
  const metadata = { labels, annotations, ownerReferences: null };
  await client.patch(persistentVolumeClaims, ref, { metadata }, { fieldManager });
}

/** An earlier attempt of this very Restore had handed its PVC over, and died before it could say so. */
export async function isHandedOver({ client, identity }: RunContext, { metadata, spec }: Restore): Promise<boolean> {
  const ref = { namespace: identity.namespace, name: spec.to.pvc.name };
  const claim = await client.find(persistentVolumeClaims, ref);
  return metadata.uid !== undefined && claim?.metadata.annotations?.[restoredByAnnotation] === metadata.uid;
}

function labelsOf({ identity }: RunContext, restore: Restore, { point }: Choice, component: "mover" | "scratch") {
  const { policy, pvc } = point.spec;
  return runLabels({ run: identity.jobUid, component, pvc: pvc.name, policy, restore: restore.metadata.name });
}
