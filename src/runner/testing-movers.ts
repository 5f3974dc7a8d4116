import type { Resource } from "../kube/resources.ts";
import type { ConfigMap, KubeObject } from "../kube/types.ts";
import type { RunContext } from "./context.ts";
import { contextIn } from "./testing.ts";

/** For tests: movers that only end, and a cluster that tells how. */

/** How the pod of a mover's Job ends: gone without a word where there is none. */
export interface End {
  readonly code: number;
  readonly said: string;
  readonly reason?: string;
  readonly conditions?: readonly object[];
  /** Why the Job failed. */
  readonly jobReason?: string;
}

/** What a mover says that has restored or compared. */
export const restoreResult = (fields: object): string =>
  JSON.stringify({
    ...{ kind: "restore", state: "Good", files: 7, directories: 0, bytes: 9, errors: 0 },
    ...{ failedPaths: [], durationSeconds: 1, ...fields },
  });
export const failedResult = (reason: string, message: string): string =>
  restoreResult({ state: "Failed", reason, message });

export const snapshot = "ab".repeat(32);
export const stopped: End = { code: 130, said: failedResult("Interrupted", "Stopped by SIGTERM.") };
export const evicted: End = {
  code: 137,
  said: "",
  conditions: [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: "low on memory" }],
};

const target = {
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupTarget",
  metadata: { name: "onprem", namespace: "shop", uid: "target", generation: 1 },
  spec: {
    s3: { bucket: "backups", region: "eu", credentialsSecretRef: { name: "s3" } },
    encryption: { passwordSecretRef: { name: "key", key: "password" } },
  },
};

const place = (kind: string, name: string | undefined): string => `${kind} ${name}`;

/** A cluster in which each mover's Job that is made ends at once, as the next of `ends` says. */
export function clusterWith(ends: readonly (End | undefined)[], ...existing: readonly KubeObject[]) {
  const objects = new Map(
    [target, ...existing].map((object: KubeObject) => [place(object.kind, object.metadata.name), object]),
  );
  const history: string[] = [];
  const configs: unknown[] = [];
  const applied: KubeObject[] = [];
  let uids = 0;
  let jobs = 0;
  const client = {
    find: async ({ kind }: Resource, { name }: { name: string }) => objects.get(place(kind, name)),
    async create({ kind }: Resource, object: KubeObject) {
      const { name } = object.metadata;
      if (kind !== "Lease") history.push(`+${kind}`);
      if (kind === "ConfigMap") configs.push(JSON.parse(Object.values((object as ConfigMap).data ?? {})[0] ?? ""));
      const stored = { ...object, metadata: { ...object.metadata, uid: `${uids++}` } };
      objects.set(place(kind, name), stored);
      if (kind !== "Job") return stored;
      const end = ends[jobs++];
      const state = end?.code === 0 ? "Complete" : "Failed";
      const condition = { type: state, status: "True", reason: end?.jobReason, message: "m" };
      Object.assign(stored, { status: { conditions: [condition] } });
      if (end) objects.set("Pod mover", podThatEnded(stored.metadata.uid, end));
      return stored;
    },
    async delete({ kind }: Resource, { name }: { name: string }) {
      if (objects.delete(place(kind, name))) history.push(`-${kind}`);
      if (kind === "Job") objects.delete("Pod mover");
    },
    async list({ kind }: Resource, { labelSelector }: { labelSelector?: string } = {}) {
      if (kind !== "Pod") return { items: [...objects.values()].filter((object) => object.kind === kind) };
      const pod = objects.get("Pod mover");
      return { items: pod && labelSelector?.endsWith(`uid=${pod.metadata.labels?.job}`) ? [pod] : [] };
    },
    async patch({ kind }: Resource, { name }: { name: string }) {
      if (kind === "PersistentVolumeClaim") history.push(`~${kind}`);
      return objects.get(place(kind, name));
    },
    async apply(_: Resource, object: KubeObject) {
      applied.push(object);
      return object;
    },
  };
  const context = {
    ...contextIn(client),
    ...{ log: { warn() {} }, owner: {}, now: () => new Date(), recordEvent: async () => {} },
  } as unknown as RunContext;
  return { context, client, objects, history, configs, applied };
}

const podThatEnded = (job: string, { code, said, reason, conditions = [] }: End): KubeObject & { status: object } => ({
  ...{ apiVersion: "v1", kind: "Pod" },
  metadata: { name: "mover", namespace: "shop", uid: `pod of ${job}`, labels: { job }, creationTimestamp: "2026" },
  status: {
    phase: code === 0 ? "Succeeded" : "Failed",
    conditions,
    containerStatuses: [{ name: "mover", state: { terminated: { exitCode: code, reason, message: said } } }],
  },
});
