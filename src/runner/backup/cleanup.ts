import { isForbidden } from "../../kube/errors.ts";
import {
  type ObjectRef,
  persistentVolumeClaims,
  persistentVolumes,
  type Resource,
  volumeSnapshotContents,
  volumeSnapshots,
} from "../../kube/resources.ts";
import type { RunContext } from "../context.ts";
import { deleteAndWait } from "../ensure.ts";
import { moverObjects } from "../mover-run.ts";
import { waitFor } from "../wait.ts";

export type Leavings = {
  /** Names of movers. */
  readonly movers: readonly string[];
  readonly claim: string;
  readonly snapshot?: string;
};

/**
 * Removes what a run made for one volume, and waits until it is gone, together with the volume and the snapshot behind it. Never
 * throws: what stays is told, and the janitor takes it up.
 */
export async function cleanUp(context: RunContext, leavings: Leavings): Promise<void> {
  try {
    const left = await remove(context, leavings);
    if (left.length > 0) context.log.warn({ left }, "some of what the run made is not gone yet");
  } catch (error) {
    context.log.warn({ err: error, ...leavings }, "could not remove all that the run made");
  }
}

/** Gives what is still there when our patience is over. */
async function remove(context: RunContext, leavings: Leavings): Promise<readonly string[]> {
  const { client, identity, patience } = context;
  const { namespace } = identity;
  const claim = await client.find(persistentVolumeClaims, { namespace, name: leavings.claim });
  const snapshot = leavings.snapshot
    ? await client.find(volumeSnapshots, { namespace, name: leavings.snapshot })
    : undefined;
  // The pods first: a volume stays as long as one uses it.
  const left = [
    ...(await deleteAndWait(context, leavings.movers.flatMap(moverObjects))),
    ...(await deleteAndWait(context, [
      ...(claim ? [{ resource: persistentVolumeClaims, name: leavings.claim }] : []),
      ...(snapshot ? [{ resource: volumeSnapshots, name: snapshot.metadata.name }] : []),
    ])),
  ];
  const behind: [Resource, string | undefined][] = [
    [persistentVolumes, claim?.spec?.volumeName],
    [volumeSnapshotContents, snapshot?.status?.boundVolumeSnapshotContentName],
  ];
  for (const [resource, name] of behind) {
    if (!name) continue;
    const gone = await waitFor({ seconds: patience.cleanUp }, () => isGone(context, resource, { name }));
    if (!gone) left.push(`${resource.kind} ${name}`);
  }
  return left;
}

async function isGone({ client }: RunContext, resource: Resource, ref: ObjectRef): Promise<true | undefined> {
  try {
    return (await client.find(resource, ref)) ? undefined : true;
  } catch (error) {
    // Not allowed to look: others see to it.
    if (isForbidden(error)) return true;
    throw error;
  }
}
