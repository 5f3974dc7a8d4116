/** How a snapshot is stored in its repository, which is its chain: the first one of a repository is a `Full`. */
export const snapshotTypes = ["Full", "Incremental", "Differential"] as const;
export type SnapshotType = (typeof snapshotTypes)[number];
