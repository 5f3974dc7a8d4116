import type { RestorePoint } from "../api/objects.ts";
import type { PersistentVolumeClaim } from "../kube/types.ts";
import { largestQuantity } from "./quantity.ts";

type ClaimSpec = NonNullable<PersistentVolumeClaim["spec"]>;

/** What a restore point recorded of its PVC. */
export type RecordedSource = { readonly spec?: ClaimSpec; readonly size?: string };

/** Whether a volume is a block device, of which there are no files. */
export const isBlock = ({ spec }: { readonly spec?: Pick<ClaimSpec, "volumeMode"> }): boolean =>
  spec?.volumeMode === "Block";

export const recordedSource = ({ spec }: Pick<RestorePoint, "spec">): RecordedSource => spec.source as RecordedSource;

/**
 * The spec of a PVC to restore into: like the source, but for what is asked to be different, and without what bound the source to its own
 * volume.
 */
export function claimSpecFor(
  source: RecordedSource,
  wanted: { readonly storageClassName?: string; readonly storage?: string },
): ClaimSpec {
  const { accessModes = [], volumeMode, storageClassName, resources } = source.spec ?? {};
  const writable = accessModes.filter((mode) => mode !== "ReadOnlyMany");
  const storageClass = wanted.storageClassName ?? storageClassName;
  const storage = wanted.storage ?? largestQuantity(source.size, resources?.requests?.storage) ?? "1Gi";
  return {
    accessModes: writable.length > 0 ? writable : ["ReadWriteOnce"],
    volumeMode: volumeMode ?? "Filesystem",
    ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
    resources: { requests: { storage } },
  };
}
