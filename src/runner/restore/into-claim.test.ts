import { describe, expect, it, test } from "vitest";
import type { Restore } from "../../api/objects.ts";
import { restoreConfig } from "../../contract/configs.ts";
import type { Resource } from "../../kube/resources.ts";
import type { ConfigMap, KubeObject } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { contextIn, ours } from "../testing.ts";
import type { Choice } from "./choose.ts";
import { restoreInto } from "./into-claim.ts";
import { recordRestore } from "./status.ts";

const snapshot = "ab".repeat(32);
const target = {
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupTarget",
  metadata: { name: "onprem", namespace: "shop", uid: "target", generation: 1 },
  spec: {
    s3: { bucket: "backups", region: "eu", credentialsSecretRef: { name: "s3" } },
    encryption: { passwordSecretRef: { name: "key", key: "password" } },
  },
};
const result = (fields: object) =>
  JSON.stringify({
    ...{ kind: "restore", state: "Good", files: 7, directories: 0, bytes: 9, errors: 0 },
    ...{ failedPaths: [], durationSeconds: 1, ...fields },
  });
const failed = (reason: string, message: string) => result({ state: "Failed", reason, message });

/** How the pod of a mover's Job ends: gone without a word where there is none. */
interface End {
  readonly code: number;
  readonly said: string;
  readonly conditions?: readonly object[];
}
const good: End = { code: 0, said: result({ snapshot }) };
const stopped: End = { code: 130, said: failed("Interrupted", "Stopped by SIGTERM.") };
const evicted: End = {
  code: 137,
  said: "",
  conditions: [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: "low on memory" }],
};

/** A cluster in which each mover's Job that is made ends at once, as the next of `ends` says. */
function clusterWith(ends: readonly (End | undefined)[]) {
  const objects = new Map<string, KubeObject>();
  const history: string[] = [];
  const configs: unknown[] = [];
  const place = (kind: string, name: string | undefined) => `${kind} ${name}`;
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
      Object.assign(stored, { status: { conditions: [{ type: state, status: "True", message: "m" }] } });
      if (end) objects.set("Pod mover", podThatEnded(stored.metadata.uid, end));
      return stored;
    },
    async delete({ kind }: Resource, { name }: { name: string }) {
      if (objects.delete(place(kind, name))) history.push(`-${kind}`);
      if (kind === "Job") objects.delete("Pod mover");
    },
    async list({ kind }: Resource, { labelSelector }: { labelSelector?: string } = {}) {
      const pod = objects.get("Pod mover");
      return {
        items: kind === "Pod" && pod && labelSelector?.endsWith(`uid=${pod.metadata.labels?.job}`) ? [pod] : [],
      };
    },
    async patch({ kind }: Resource, { name }: { name: string }) {
      if (kind === "PersistentVolumeClaim") history.push("handed over");
      return objects.get(place(kind, name));
    },
  };
  objects.set("BackupTarget onprem", target);
  return { client, objects, history, configs };
}

const podThatEnded = (job: string, { code, said, conditions = [] }: End) => ({
  ...{ apiVersion: "v1", kind: "Pod" },
  metadata: { name: "mover", namespace: "shop", uid: `pod of ${job}`, labels: { job }, creationTimestamp: "2026" },
  status: {
    phase: code === 0 ? "Succeeded" : "Failed",
    conditions,
    containerStatuses: [{ name: "mover", state: { terminated: { exitCode: code, message: said } } }],
  },
});

const restore = {
  metadata: { name: "back", namespace: "shop", uid: "uid" },
  spec: { to: { pvc: { name: "new" } }, paths: ["data/x"], mover: { timeLimit: "1h" } },
} as unknown as Restore;
const choiceOf = (volumeMode: string): Choice =>
  ({
    point: {
      metadata: { name: "data-1" },
      spec: { pvc: { name: "data" }, chain: "c", policy: "p", source: { spec: { volumeMode } } },
    },
    copy: { target: "onprem", state: "Good", snapshot },
  }) as unknown as Choice;

function restoreIn({ client }: ReturnType<typeof clusterWith>, volumeMode = "Filesystem") {
  const { metadata, spec } = restore;
  const { paths: _, ...whole } = spec;
  const wanted = { metadata, spec: volumeMode === "Block" ? whole : spec } as Restore;
  const context = {
    ...contextIn(client),
    ...{ log: { warn() {} }, owner: {}, now: () => new Date(), recordEvent: async () => {} },
  } as unknown as RunContext;
  return restoreInto(context, wanted, choiceOf(volumeMode), recordRestore(wanted));
}

const made = ["+PersistentVolumeClaim", "+ConfigMap", "+Job"];
const removed = ["-Job", "-ConfigMap", "-PersistentVolumeClaim"];

test("paths count from the volume's root, and from nowhere else", async () => {
  const cluster = clusterWith([good]);
  await restoreIn(cluster);
  expect(restoreConfig.parse(cluster.configs[0])).toMatchObject({ include: ["data/x"], includeFromFolder: true });
});

describe("a mover that the cluster stops or loses", () => {
  it.each([
    ["was told to stop", stopped],
    ["was killed for the node's sake", evicted],
    ["is gone without a word", undefined],
  ])("and that %s is begun anew with, in a PVC of its own", async (_, end) => {
    const cluster = clusterWith([end, good]);
    expect(await restoreIn(cluster)).toMatchObject({ result: { files: 7 } });
    expect(cluster.history).toEqual([...made, ...removed, ...made, "handed over", "-Job", "-ConfigMap"]);
  });

  it.each([
    [stopped, { reason: "Interrupted", message: "onprem: Stopped by SIGTERM." }],
    [evicted, { reason: "MoverLost", message: expect.stringContaining("(TerminationByKubelet: low on memory)") }],
  ])("ends with what happened at the third time", async (end, failure) => {
    const cluster = clusterWith([end, end, end]);
    await expect(restoreIn(cluster)).rejects.toMatchObject(failure);
    expect(cluster.history).toEqual([...made, ...removed, ...made, ...removed, ...made, ...removed]);
  });

  it("leaves no half full PVC to a runner that goes on after one that died with it", async () => {
    const cluster = clusterWith([good]);
    const metadata = { name: "new", namespace: "shop", uid: "old", labels: ours };
    cluster.objects.set("PersistentVolumeClaim new", { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata });
    await restoreIn(cluster);
    expect(cluster.history).toEqual(["-PersistentVolumeClaim", ...made, "handed over", "-Job", "-ConfigMap"]);
  });
});

describe("a mover that failed by itself", () => {
  it.each([
    ["StoreUnreachable", "The store does not answer.", "onprem: The store does not answer."],
    [
      "TargetVolumeFull",
      "/target is full: use a larger volume.",
      "onprem: the volume new is full: use a larger volume.",
    ],
  ])("is not begun anew with, and says nothing of where its pod had the volume: %s", async (reason, said, message) => {
    const cluster = clusterWith([{ code: 1, said: failed(reason, said) }]);
    await expect(restoreIn(cluster)).rejects.toMatchObject({ reason, message });
    expect(cluster.history).toEqual([...made, ...removed]);
  });

  it("names a device by its PVC, too", async () => {
    const said = "The device /dev/holdfast-target has 1 bytes, and the image 2: use a device of at least that size.";
    const message = "onprem: the volume new has 1 bytes, and the image 2: use a device of at least that size.";
    const end = { code: 1, said: failed("TargetVolumeFull", said) };
    await expect(restoreIn(clusterWith([end]), "Block")).rejects.toMatchObject({ message });
  });

  it("keeps the paths that did not come back as they are", async () => {
    const message = "/target cannot be restored: its blob x is in no index.";
    const fields = { state: "Incomplete", reason: "RepositoryDamaged", message, snapshot, errors: 1 };
    const end = { code: 3, said: result({ ...fields, failedPaths: ["/target"] }) };
    await expect(restoreIn(clusterWith([end]))).rejects.toThrow(`onprem: ${message} (1 in all, among them /target)`);
  });
});
