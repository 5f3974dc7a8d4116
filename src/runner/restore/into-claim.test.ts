import { describe, expect, it, test } from "vitest";
import type { Restore } from "../../api/objects.ts";
import { restoreConfig } from "../../contract/configs.ts";
import { ours } from "../testing.ts";
import { clusterWith, type End, evicted, failedResult, restoreResult, snapshot, stopped } from "../testing-movers.ts";
import type { Choice } from "./choose.ts";
import { restoreInto } from "./into-claim.ts";
import { recordRestore } from "./status.ts";

const good: End = { code: 0, said: restoreResult({ snapshot }) };
const containerNotFound: End = {
  code: 137,
  said: "The container could not be located when the pod was terminated",
  reason: "ContainerStatusUnknown",
};

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

function restoreIn({ context }: ReturnType<typeof clusterWith>, volumeMode = "Filesystem") {
  const { metadata, spec } = restore;
  const { paths: _, ...whole } = spec;
  const wanted = { metadata, spec: volumeMode === "Block" ? whole : spec } as Restore;
  return restoreInto(context, wanted, choiceOf(volumeMode), recordRestore(wanted));
}

const made = ["+PersistentVolumeClaim", "+ConfigMap", "+Job"];
const removed = ["-Job", "-ConfigMap", "-PersistentVolumeClaim"];
const handedOver = "~PersistentVolumeClaim";

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
    ["was killed with its node", { code: 137, said: "" }],
    ["was killed with its node, after which the kubelet knows nothing", containerNotFound],
    ["was killed with its node, and was found dead after that", { code: 255, said: "", reason: "Unknown" }],
    ["was told to stop before it could listen", { code: 143, said: "" }],
  ])("and that %s is begun anew with, in a PVC of its own", async (_, end) => {
    const cluster = clusterWith([end, good]);
    expect(await restoreIn(cluster)).toMatchObject({ result: { files: 7 } });
    expect(cluster.history).toEqual([...made, ...removed, ...made, handedOver, "-Job", "-ConfigMap"]);
  });

  it.each([
    [stopped, { reason: "Interrupted", message: "onprem: Stopped by SIGTERM." }],
    [evicted, { reason: "MoverLost", message: expect.stringContaining("(TerminationByKubelet: low on memory)") }],
    [
      { code: 137, said: "" },
      { reason: "MoverLost", message: expect.stringContaining("ended with code 137") },
    ],
  ])("ends with what happened at the third time", async (end, failure) => {
    const cluster = clusterWith([end, end, end]);
    await expect(restoreIn(cluster)).rejects.toMatchObject(failure);
    expect(cluster.history).toEqual([...made, ...removed, ...made, ...removed, ...made, ...removed]);
  });

  it("is named where the next one fails by itself, perhaps because of it", async () => {
    const full = { code: 1, said: failedResult("TargetVolumeFull", "/target is full: use a larger volume.") };
    const message =
      /^onprem: the volume new is full: use a larger volume.; it was begun anew after this: .*low on memory/;
    const failing = restoreIn(clusterWith([evicted, full]));
    await expect(failing).rejects.toMatchObject({
      reason: "TargetVolumeFull",
      message: expect.stringMatching(message),
    });
  });

  it("leaves no half full PVC to a runner that goes on after one that died with it", async () => {
    const cluster = clusterWith([good]);
    const metadata = { name: "new", namespace: "shop", uid: "old", labels: ours };
    cluster.objects.set("PersistentVolumeClaim new", { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata });
    await restoreIn(cluster);
    expect(cluster.history).toEqual(["-PersistentVolumeClaim", ...made, handedOver, "-Job", "-ConfigMap"]);
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
    const cluster = clusterWith([{ code: 1, said: failedResult(reason, said) }]);
    await expect(restoreIn(cluster)).rejects.toMatchObject({ reason, message });
    expect(cluster.history).toEqual([...made, ...removed]);
  });

  it.each([
    ["was killed for its memory", { code: 137, said: "", reason: "OOMKilled" }],
    ["broke down", { code: 134, said: "Aborted" }],
  ])("is not begun anew with where it %s", async (_, end) => {
    const cluster = clusterWith([end]);
    await expect(restoreIn(cluster)).rejects.toMatchObject({ reason: "MoverLost" });
    expect(cluster.history).toEqual([...made, ...removed]);
  });

  it("is not begun anew with where its time was over, though it was killed then", async () => {
    const cluster = clusterWith([{ code: 137, said: "", jobReason: "DeadlineExceeded" }]);
    await expect(restoreIn(cluster)).rejects.toMatchObject({ reason: "TimeLimitExceeded" });
    expect(cluster.history).toEqual([...made, ...removed]);
  });

  it("names a device by its PVC, too", async () => {
    const said = "The device /dev/holdfast-target has 1 bytes, and the image 2: use a device of at least that size.";
    const message = "onprem: the volume new has 1 bytes, and the image 2: use a device of at least that size.";
    const end = { code: 1, said: failedResult("TargetVolumeFull", said) };
    await expect(restoreIn(clusterWith([end]), "Block")).rejects.toMatchObject({ message });
  });

  it("keeps the paths that did not come back as they are", async () => {
    const message = "/target cannot be restored: its blob x is in no index.";
    const fields = { state: "Incomplete", reason: "RepositoryDamaged", message, snapshot, errors: 1 };
    const end = { code: 3, said: restoreResult({ ...fields, failedPaths: ["/target"] }) };
    await expect(restoreIn(clusterWith([end]))).rejects.toThrow(`onprem: ${message} (1 in all, among them /target)`);
  });
});
