import { pods } from "../../kube/resources.ts";
import type { PersistentVolumeClaim, Pod } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { loadStorageClasses, loadVolume } from "../load.ts";
import { chooseTemporaryClass } from "../storage-class.ts";
import { checkClaim } from "./resolve.ts";
import { resolveSnapshotClass } from "./snapshot.ts";

/** What is to be known of a volume before anything is made for it. */
export type Source = {
  readonly snapshotClass: string;
  /** Of the temporary volume. */
  readonly storageClass: string;
  /** Where the volume, and so its snapshot, can be reached. */
  readonly nodeAffinity: unknown;
  /** Of the pods that use the volume: the mover may have to go where only they are let in. */
  readonly tolerations: readonly object[];
};

/** Throws where the volume cannot be backed up. */
export async function resolveSource(
  context: RunContext,
  claim: PersistentVolumeClaim,
  wantedClass: string | undefined,
): Promise<Source> {
  checkClaim(claim);
  const pvc = claim.metadata.name;
  const volume = await loadVolume(context, claim);
  const snapshotClass = await resolveSnapshotClass(context, { pvc, volume, wanted: wantedClass });
  const classes = await loadStorageClasses(context);
  const storageClass = chooseTemporaryClass({ pvc, name: claim.spec?.storageClassName, classes });
  const { namespace } = context.identity;
  const consumers = (await context.client.list(pods, { namespace })).items.filter((pod) => uses(pod, pvc));
  return {
    snapshotClass,
    storageClass,
    nodeAffinity: volume.spec?.nodeAffinity?.required,
    tolerations: consumers.flatMap(({ spec }) => spec?.tolerations ?? []),
  };
}

const uses = (pod: Pod, pvc: string): boolean =>
  pod.spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === pvc) ?? false;
