import { type BackupType, backupType } from "../../api/policy.ts";
import { typeKey } from "../../repository/provenance.ts";

/** What a restic snapshot's tags say about where it came from; enough to make its RestorePoint again. */
export type SnapshotTags = {
  readonly cluster: string;
  readonly pvcUid: string;
  readonly policy: string;
  readonly schedule: string;
  readonly run: string;
  readonly type: BackupType;
  /** The RestorePoint's name: one snapshot of it in each target's repository. */
  readonly point: string;
};

const keys: Readonly<Record<keyof SnapshotTags, string>> = {
  cluster: "cluster",
  pvcUid: "pvc-uid",
  policy: "policy",
  schedule: "schedule",
  run: "run",
  type: typeKey,
  point: "point",
};

/** `key=value`, one tag each; none holds a comma, at which restic's command line would split it. */
export const encodeTags = (tags: SnapshotTags): string[] =>
  Object.entries(keys).map(([name, key]) => `${key}=${tags[name as keyof SnapshotTags]}`);

export const clusterTag = (uid: string): string => `${keys.cluster}=${uid}`;
export const policyTag = (policy: string): string => `${keys.policy}=${policy}`;
/** The tag by which a mover that is started again finds the snapshot which it had already written. */
export const pointTag = (point: string): string => `${keys.point}=${point}`;

/** `undefined` where a tag is missing: then the snapshot is not one of ours. */
export function decodeTags(tags: readonly string[]): SnapshotTags | undefined {
  const values = new Map(tags.map((tag) => [tag.slice(0, tag.indexOf("=")), tag.slice(tag.indexOf("=") + 1)]));
  const entries = Object.entries(keys).map(([name, key]) => [name, values.get(key)]);
  if (entries.some(([, value]) => !value)) return undefined;
  const decoded = Object.fromEntries(entries) as SnapshotTags;
  return backupType.safeParse(decoded.type).success ? decoded : undefined;
}
