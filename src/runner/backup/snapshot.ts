import { isNotFound } from "../../kube/errors.ts";
import { volumeSnapshotClasses, volumeSnapshots } from "../../kube/resources.ts";
import type { PersistentVolume, VolumeSnapshot, VolumeSnapshotClass } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { deleteAndWait, ensure, findOurs } from "../ensure.ts";
import { RunFailure } from "../failure.ts";
import { loadClaim } from "../load.ts";
import { volumeUidAnnotation } from "../names.ts";
import { waitFor } from "../wait.ts";
import { chooseSnapshotClass, driverOf } from "./snapshot-class.ts";

export type TakenSnapshot = {
  readonly name: string;
  /** The instant that its data is from. */
  readonly time: Date;
  /** The least size of a volume made from it, as a Kubernetes quantity. */
  readonly restoreSize: string | undefined;
};

/** The class to take the snapshot by. Throws where the volume cannot be snapshotted. */
export async function resolveSnapshotClass(
  context: RunContext,
  options: { readonly pvc: string; readonly volume: PersistentVolume; readonly wanted: string | undefined },
): Promise<string> {
  const driver = driverOf(options.pvc, options.volume);
  return chooseSnapshotClass({ ...options, driver, classes: await listClasses(context) });
}

async function listClasses({ client }: RunContext): Promise<readonly VolumeSnapshotClass[]> {
  try {
    return (await client.list(volumeSnapshotClasses)).items;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new RunFailure(
      runReason.snapshotUnsupported,
      "the cluster has no snapshot API (snapshot.storage.k8s.io/v1); install the CSI snapshot controller and its CRDs",
      error,
    );
  }
}

/**
 * Takes a snapshot of a PVC, or finds the one that an earlier attempt of this run took of it, and waits until it is there. Throws
 * `VolumeNotFound` where another PVC has got its name.
 */
export async function takeSnapshot(
  context: RunContext,
  options: {
    readonly name: string;
    readonly pvc: { readonly name: string; readonly uid: string };
    readonly className: string;
    readonly labels: Readonly<Record<string, string>>;
  },
): Promise<TakenSnapshot> {
  const { client, identity, owner, patience, signal } = context;
  const { name, className, labels } = options;
  const { name: pvc, uid } = options.pvc;
  const ref = { namespace: identity.namespace, name };
  const earlier = await findOurs(context, volumeSnapshots, name);
  if (earlier && earlier.metadata.annotations?.[volumeUidAnnotation] !== uid)
    await deleteAndWait(context, [{ resource: volumeSnapshots, name }]);
  await ensure(context, volumeSnapshots, {
    apiVersion: "snapshot.storage.k8s.io/v1",
    kind: "VolumeSnapshot",
    metadata: { ...ref, labels, annotations: { [volumeUidAnnotation]: uid }, ownerReferences: [owner] },
    spec: { volumeSnapshotClassName: className, source: { persistentVolumeClaimName: pvc } },
  });
  const problems = errorWatch(pvc, patience.snapshotError);
  const taken = await waitFor({ seconds: patience.snapshot, signal }, async () => {
    const snapshot = await client.find(volumeSnapshots, ref);
    if (!snapshot) {
      throw new RunFailure(runReason.snapshotFailed, `the snapshot ${name} of PVC ${pvc} was deleted; run it again`);
    }
    const { creationTime, readyToUse, restoreSize } = snapshot.status ?? {};
    if (creationTime && (readyToUse || restoreSize)) {
      await assertNotReplaced(context, options.pvc);
      return { name, time: new Date(creationTime), restoreSize };
    }
    if (!creationTime) await checkSource(context, pvc);
    problems.note(snapshot);
    return undefined;
  });
  if (taken) return taken;
  throw new RunFailure(
    runReason.snapshotFailed,
    `no snapshot of PVC ${pvc} was taken within ${patience.snapshot} seconds; look at the CSI driver and the snapshot controller`,
  );
}

async function checkSource(context: RunContext, pvc: string): Promise<void> {
  if (await loadClaim(context, pvc)) return;
  throw new RunFailure(runReason.volumeNotFound, `PVC ${pvc} was deleted before a snapshot of it was taken`);
}

/** The snapshot controller goes by the name: it is of this PVC if that has its name still, or had it last. Throws `VolumeNotFound`. */
export async function assertNotReplaced(
  context: RunContext,
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<void> {
  const now = await loadClaim(context, name);
  if (!now || now.metadata.uid === uid) return;
  throw new RunFailure(
    runReason.volumeNotFound,
    `PVC ${name} was deleted and made again while the run was under way; the next run backs the new one up`,
  );
}

/** The snapshot controller tries again after an error, so only one that stays is a failure. */
function errorWatch(pvc: string, graceSeconds: number) {
  let since: number | undefined;
  return {
    note({ status }: VolumeSnapshot): void {
      const said = status?.error?.message;
      if (said === undefined) {
        since = undefined;
        return;
      }
      since ??= performance.now();
      if (performance.now() - since < graceSeconds * 1000) return;
      throw new RunFailure(
        runReason.snapshotFailed,
        `the snapshot of PVC ${pvc} failed: ${said}; look at the CSI driver and the snapshot controller`,
      );
    },
  };
}
