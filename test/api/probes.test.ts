import { execFileSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import type { BackupTarget } from "../../src/api/objects.ts";
import { backupTargets } from "../../src/kube/holdfast.ts";
import { configMaps, jobs, pods, secrets } from "../../src/kube/resources.ts";
import { clusterClient, eventually } from "./client.ts";
import { root } from "./cluster.ts";
import { operatorImage, useOperator } from "./controller.ts";

const operator = useOperator("api-probes");
const namespace = operator.namespace("work");
const client = clusterClient();
const fieldManager = "test";

const variable = (name: string): string =>
  execFileSync("bash", ["-c", `. .cluster/env; printf %s "$${name}"`], { cwd: root }).toString();

const secretOf = (name: string, stringData: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  stringData,
});
const applySecret = (name: string, data: Record<string, string>) =>
  client.apply(secrets, secretOf(name, data), { fieldManager });

const keys = { AWS_ACCESS_KEY_ID: variable("ONPREM_ACCESS_KEY"), AWS_SECRET_ACCESS_KEY: variable("ONPREM_SECRET_KEY") };

beforeAll(async () => {
  await applySecret("keys", keys);
  await applySecret("wrong-keys", { ...keys, AWS_SECRET_ACCESS_KEY: "wrong" });
  await applySecret("half-keys", { AWS_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID });
  await applySecret("repository", { password: "a good one" });
  await operator.start({ image: operatorImage() });
});

type Given = {
  readonly s3?: object;
  readonly keys?: string;
  readonly password?: { readonly name: string; readonly key: string };
};

async function applyTarget(name: string, given: Given = {}): Promise<void> {
  const target = {
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "BackupTarget",
    metadata: { name, namespace },
    spec: {
      s3: {
        endpoint: variable("ONPREM_ENDPOINT"),
        region: variable("REGION"),
        bucket: variable("ONPREM_BUCKET"),
        prefix: namespace,
        forcePathStyle: true,
        credentialsSecretRef: { name: given.keys ?? "keys" },
        ...given.s3,
      },
      encryption: { passwordSecretRef: given.password ?? { name: "repository", key: "password" } },
    },
  };
  await client.apply(backupTargets, target, { fieldManager });
}

const conditionOf = (target: BackupTarget | undefined, type: string) =>
  target?.status?.conditions?.find((condition) => condition.type === type);

/** Waits for the finding on the target's present generation. */
async function whenFound(name: string, reason: string): Promise<BackupTarget> {
  return await eventually(
    `${name}: ${reason}`,
    () => client.get<BackupTarget>(backupTargets, { namespace, name }),
    (target) => {
      const reachable = conditionOf(target, "Reachable");
      return reachable?.reason === reason && reachable.observedGeneration === target.metadata.generation;
    },
    120,
  );
}

async function nothingIsLeft(): Promise<void> {
  await eventually("probes are gone", async () => {
    const labelSelector = "holdfast.dev/component=probe";
    const left = await Promise.all(
      [jobs, pods, configMaps].map((kind) => client.list(kind as typeof jobs, { namespace, labelSelector })),
    );
    return left.every(({ items }) => items.length === 0);
  });
}

test("a store that can be used is Reachable, and its target Ready", async () => {
  await applyTarget("good");
  const target = await whenFound("good", "ProbeSucceeded");
  expect(["Ready", "Reachable", "Stalled", "Reconciling"].map((type) => conditionOf(target, type)?.status)).toEqual([
    "True",
    "True",
    "False",
    "False",
  ]);
  expect(Date.now() - Date.parse(target.status?.lastProbeTime ?? "")).toBeLessThan(60_000);
  await nothingIsLeft();
});

const table: [string, string, Given, string, "True" | "False", RegExp][] = [
  ["wrong credentials", "rejected", { keys: "wrong-keys" }, "CredentialsRejected", "True", /./],
  [
    "a missing bucket",
    "bucket",
    { s3: { bucket: "no-such-bucket-here" } },
    "BucketNotFound",
    "True",
    /no-such-bucket-here/,
  ],
  [
    "an endpoint that nobody listens at",
    "closed",
    { s3: { endpoint: "http://127.0.0.1:9" } },
    "StoreUnreachable",
    "False",
    /127\.0\.0\.1/,
  ],
  ["a missing Secret", "nokeys", { keys: "none" }, "SecretNotFound", "True", /Secret none in namespace/],
  [
    "a Secret with half of the keys",
    "halfkeys",
    { keys: "half-keys" },
    "SecretNotFound",
    "True",
    /Secret half-keys .* AWS_SECRET_ACCESS_KEY/,
  ],
  [
    "a missing password",
    "nopassword",
    { password: { name: "repository", key: "other" } },
    "SecretNotFound",
    "True",
    /Secret repository .* the key other/,
  ],
];
test.concurrent.each(table)(
  "%s ends in a condition that says what to do",
  async (_, name, given, reason, stalled, message) => {
    await applyTarget(name, given);
    const target = await whenFound(name, reason);
    expect(conditionOf(target, "Reachable")?.message).toMatch(message);
    expect(conditionOf(target, "Ready")).toMatchObject({ status: "False", reason });
    expect(conditionOf(target, "Stalled")?.status).toBe(stalled);
    expect(JSON.stringify(target.status)).not.toContain(keys.AWS_SECRET_ACCESS_KEY);
  },
);

test("a target that is mended is probed at once, and nothing of the probes is left behind", async () => {
  await applyTarget("bucket");
  await whenFound("bucket", "ProbeSucceeded");
  await nothingIsLeft();
});
