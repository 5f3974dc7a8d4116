import type { SnapshotDocument } from "./types.ts";

/**
 * A block device in a repository is one regular file of this name, as long as the device, in the snapshot's folder: plain restic restores
 * an image that `dd` takes. The snapshot's tag says that it was a device.
 */
export const imageName = Buffer.from("volume.img");
export const blockTag = "volume-mode=Block";

export const isOfDevice = ({ tags = [] }: Pick<SnapshotDocument, "tags">): boolean => tags.includes(blockTag);
