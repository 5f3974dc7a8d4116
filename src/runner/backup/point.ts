import { apiVersion } from "../../api/kinds.ts";
import { label, labelValue, manager } from "../../api/names.ts";
import type { RestorePoint } from "../../api/objects.ts";
import type { RestorePointSpec, RestorePointStatus } from "../../api/restorepoint.ts";
import { isAlreadyExists } from "../../kube/errors.ts";
import { restorePoints } from "../../kube/holdfast.ts";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import { fieldManager, type RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { restorePointName } from "../names.ts";
import { writeStatus } from "../points.ts";

/** What a restore needs to make the volume again elsewhere. */
export function sourceOf({ metadata, spec, status }: PersistentVolumeClaim): RestorePointSpec["source"] {
  const size = status?.capacity?.storage ?? spec?.resources?.requests?.storage;
  return { spec: spec ?? {}, labels: metadata.labels ?? {}, ...(size ? { size } : {}) };
}

/** Labels of a restore point, to list it by; they are facts of its spec. */
const pointLabels = (spec: RestorePointSpec): Record<string, string> => ({
  [label.managedBy]: manager,
  [label.policy]: labelValue(spec.policy),
  [label.schedule]: labelValue(spec.schedule),
  [label.pvc]: labelValue(spec.pvc.name),
  [label.chain]: labelValue(spec.chain),
  [label.type]: labelValue(spec.type),
  [label.run]: labelValue(spec.run),
});

/**
 * Makes a restore point, or finds the one that an earlier attempt of this run made of the same instant. Where the name is taken by
 * another run it carries a part of this run's UID. Nothing owns it, so that nothing but a person or retention removes it.
 */
export async function openPoint(
  context: RunContext,
  spec: RestorePointSpec,
  status: RestorePointStatus,
): Promise<RestorePoint> {
  const { pvc, time, run } = { pvc: spec.pvc.name, time: new Date(spec.time), run: spec.run };
  for (const name of [restorePointName({ pvc, time }), restorePointName({ pvc, time, run })]) {
    const point = await createOrFind(context, name, spec);
    if (point.spec.run !== run || point.spec.pvc.name !== pvc) continue;
    await writeStatus(context, point, status);
    return point;
  }
  throw new RunFailure(
    runReason.nameTaken,
    `the restore point's name ${restorePointName({ pvc, time, run })} is taken`,
  );
}

/** Makes the object of a snapshot that is in the store; `undefined` where its name is another's by now. */
export async function adoptPoint(
  context: RunContext,
  name: string,
  spec: RestorePointSpec,
  status: RestorePointStatus,
): Promise<RestorePoint | undefined> {
  const point = await createOrFind(context, name, spec);
  if (point.spec.run !== spec.run || point.spec.policy !== spec.policy) return undefined;
  await writeStatus(context, point, status);
  return { ...point, status };
}

async function createOrFind(
  { client, identity }: RunContext,
  name: string,
  spec: RestorePointSpec,
): Promise<RestorePoint> {
  const metadata = { name, namespace: identity.namespace, labels: pointLabels(spec) };
  try {
    return await client.create(restorePoints, { apiVersion, kind: "RestorePoint", metadata, spec }, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return await client.get(restorePoints, metadata);
  }
}
