import { persistentVolumeClaims } from "../../kube/resources.ts";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { ensure } from "../ensure.ts";
import { largestQuantity } from "../quantity.ts";
import type { TakenSnapshot } from "./snapshot.ts";

/**
 * Makes a temporary volume from a snapshot, or finds it made. It is not waited for: on a class that waits for the first
 * consumer it is bound only when the mover's pod exists.
 */
export async function makeClone(
  context: RunContext,
  options: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly source: PersistentVolumeClaim;
    readonly storageClass: string;
    readonly snapshot: TakenSnapshot;
  },
): Promise<void> {
  const { identity, owner } = context;
  await ensure(context, persistentVolumeClaims, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: options.name,
      namespace: identity.namespace,
      labels: options.labels,
      ownerReferences: [owner],
    },
    spec: cloneSpec(options),
  });
}

/** As large as both the snapshot and the source, whichever needs more. */
export function cloneSpec({
  source,
  storageClass,
  snapshot,
}: {
  readonly source: PersistentVolumeClaim;
  readonly storageClass: string;
  readonly snapshot: Pick<TakenSnapshot, "name" | "restoreSize">;
}): NonNullable<PersistentVolumeClaim["spec"]> {
  const storage = largestQuantity(
    snapshot.restoreSize,
    source.status?.capacity?.storage,
    source.spec?.resources?.requests?.storage,
  );
  return {
    accessModes: ["ReadWriteOnce"],
    storageClassName: storageClass,
    volumeMode: source.spec?.volumeMode ?? "Filesystem",
    resources: { requests: { storage: storage ?? "1Gi" } },
    dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot.name },
  };
}
