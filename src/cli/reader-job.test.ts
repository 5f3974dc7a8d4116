import { describe, expect, it } from "vitest";
import type { BackupTarget, RestorePoint } from "../api/objects.ts";
import type { CronJob } from "../kube/types.ts";
import { operatorImage, type Reader, readerConfigMap, readerJob } from "./reader-job.ts";

const reader: Reader = {
  name: "holdfast-read-1a2b3c4d",
  choice: {
    point: {
      metadata: { name: "data-20261123-010000", namespace: "shop" },
      spec: { policy: "shop", pvc: { name: "data", uid: "1" }, chain: "20261123T010000Z" },
    } as unknown as RestorePoint,
    copy: { target: "offsite", state: "Good", snapshot: "0123" } as Reader["choice"]["copy"],
  },
  target: {
    metadata: { name: "offsite" },
    spec: {
      s3: { bucket: "acme", prefix: "prod", region: "eu", credentialsSecretRef: { name: "offsite-s3" } },
      encryption: { passwordSecretRef: { name: "repository-key", key: "password" } },
    },
  } as unknown as BackupTarget,
  image: "holdfast:test",
  options: { timeLimit: "6h" },
};

describe("readerJob", () => {
  const job = readerJob(reader);
  const pod = job.spec?.template.spec;

  it("has no rights in the cluster, no volume, and goes by itself", () => {
    expect(pod?.automountServiceAccountToken).toBe(false);
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(pod?.volumes?.filter((volume) => "persistentVolumeClaim" in volume)).toEqual([]);
    expect(job.spec).toMatchObject({ activeDeadlineSeconds: 6 * 3600, ttlSecondsAfterFinished: 60 });
    expect(pod?.containers[0]?.args).toEqual(["mover", "wait"]);
  });

  it("mounts the Secrets of the one target", () => {
    const names = JSON.stringify(pod?.volumes).match(/"secret":\{"name":"[^"]+"/g);
    expect(names).toEqual(['"secret":{"name":"offsite-s3"', '"secret":{"name":"repository-key"']);
  });

  it("is none of the operator's own, which its janitor would remove", () => {
    expect(job.metadata.labels?.["app.kubernetes.io/managed-by"]).toBe("kubectl-holdfast");
    expect(job.metadata.labels).not.toHaveProperty("holdfast.dev/run");
  });
});

it("readerConfigMap says where the chain is, and goes with the Job", () => {
  const stored = { ...readerJob(reader), metadata: { name: reader.name, uid: "42" } } as Parameters<
    typeof readerConfigMap
  >[1];
  const { metadata, data } = readerConfigMap(reader, stored);
  expect(metadata.ownerReferences).toEqual([{ apiVersion: "batch/v1", kind: "Job", name: reader.name, uid: "42" }]);
  expect(JSON.parse(data?.["config.json"] ?? "")).toMatchObject({
    repository: { url: "s3://acme/prod/shop/data/20261123T010000Z", passwordFile: "/credentials/offsite/password" },
    lock: { holder: reader.name },
  });
});

describe("operatorImage", () => {
  const cronJob = (policy: string, image: string, env: object[] = []): CronJob => ({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: policy, labels: { "holdfast.dev/policy": policy } },
    spec: {
      schedule: "0 1 * * *",
      jobTemplate: { spec: { template: { spec: { containers: [{ name: "runner", image, env }] } } } },
    } as CronJob["spec"],
  });

  it.each([
    ["the policy's own", [cronJob("other", "a"), cronJob("shop", "b")], "b"],
    ["any, where the policy is gone", [cronJob("other", "a")], "a"],
    ["what movers run", [cronJob("shop", "b", [{ name: "HOLDFAST_IMAGE", value: "c" }])], "c"],
  ])("is %s", (_, cronJobs, image) => {
    expect(operatorImage(cronJobs, "shop")?.image).toBe(image);
  });

  it("is unknown where there is no CronJob", () => {
    expect(operatorImage([], "shop")).toBeUndefined();
  });
});
