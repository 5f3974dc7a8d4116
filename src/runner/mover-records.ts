import type { Lease, Node, Pod, Stored } from "../kube/types.ts";

/**
 * The Lease of a volume remembers the mover pods that opened its repositories, because their UIDs are the names in restic's
 * lock files: `mover.holdfast.dev/<pod uid>: <time> <pod name> <node name>`. One annotation each, so that restores
 * can add theirs without holding the Lease.
 */
export type MoverRecord = {
  readonly uid: string;
  /** When it was written, RFC 3339. */
  readonly time: string;
  readonly pod: string;
  /** Absent while no node had taken the pod yet. */
  readonly node: string | undefined;
};

const prefix = "mover.holdfast.dev/";
/** Enough for the restores of many hours beside a backup; older ones are stale by restic's own rule. */
const remembered = 30;

/** The record of a pod, as an annotation. */
export const recordOf = (pod: Stored<Pod>, now: Date): Readonly<Record<string, string>> => ({
  [`${prefix}${pod.metadata.uid}`]: [now.toISOString(), pod.metadata.name, pod.spec?.nodeName ?? ""].join(" ").trim(),
});

/** All records of a Lease, oldest first. Annotations that are not ours, or not as we write them, are passed over. */
export function recordsOf(lease: Lease): readonly MoverRecord[] {
  return Object.entries(lease.metadata.annotations ?? {})
    .flatMap(([key, value]) => {
      const [time, pod, node] = value.split(" ");
      return key.startsWith(prefix) && time && pod ? [{ uid: key.slice(prefix.length), time, pod, node }] : [];
    })
    .sort((a, b) => (a.time < b.time ? -1 : 1));
}

/** A merge patch that makes the Lease forget all but its newest records. */
export function forgetOldest(records: readonly MoverRecord[]): Readonly<Record<string, null>> {
  const oldest = records.slice(0, Math.max(0, records.length - remembered));
  return Object.fromEntries(oldest.map(({ uid }) => [`${prefix}${uid}`, null]));
}

/**
 * Whether a mover can no longer touch its repository: its pod is gone or finished, and its node says that it is well, or is
 * gone itself. A node that does not answer may still run a pod that the API has forgotten.
 */
export function isProvenDead(seen: {
  readonly record: MoverRecord;
  /** The pod of the record's name. */
  readonly pod: Stored<Pod> | undefined;
  /** The node it ran on; `undefined` where there is no such node any more. */
  readonly node: Node | undefined;
}): boolean {
  const { record, pod, node } = seen;
  if (pod?.metadata.uid === record.uid && !isFinished(pod)) return false;
  if (nodeOf(record, pod) === undefined) return false;
  return node === undefined || isReady(node);
}

/** The name of the node a recorded pod ran on, as far as it is known. */
export const nodeOf = (record: MoverRecord, pod: Stored<Pod> | undefined): string | undefined =>
  (pod?.metadata.uid === record.uid ? pod.spec?.nodeName : undefined) ?? record.node;

export const isFinished = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

const isReady = (node: Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
