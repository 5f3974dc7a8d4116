import { beforeAll } from "vitest";
import { backupPolicies, type restoreTests } from "../../src/kube/holdfast.ts";
import { cronJobs } from "../../src/kube/resources.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import { clusterClient, eventually } from "./client.ts";
import { type Running, useOperator } from "./controller.ts";

export const schedule = { name: "nightly", type: "Incremental", cron: "0 1 1 1 *", targets: ["onprem"] };

type Judged = {
  readonly status?: {
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason: string;
      message: string;
      observedGeneration?: number;
    }[];
  };
};

export const conditionOf = (object: Judged | undefined, type: string) =>
  object?.status?.conditions?.find((condition) => condition.type === type);

/**
 * A namespace that a controller of ours looks after, with the BackupTarget `onprem` in it, whose store cannot be reached: what a controller does for
 * policies needs none.
 */
export function useWatchedNamespace(name: string) {
  const operator = useOperator(name);
  const namespace = operator.namespace("work");
  const client = clusterClient();
  let controller: Running;

  beforeAll(async () => {
    controller = await operator.start();
    await apply(targetOf("onprem"));
  });

  const targetOf = (name: string, where = namespace) => ({
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "BackupTarget",
    metadata: { name, namespace: where },
    spec: {
      s3: { endpoint: "http://127.0.0.1:1", bucket: "nowhere", credentialsSecretRef: { name: "none" } },
      encryption: { passwordSecretRef: { name: "none", key: "password" } },
    },
  });

  const policyOf = (name: string, spec: object = {}, where = namespace) => ({
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "BackupPolicy",
    metadata: { name, namespace: where },
    spec: { volumes: { names: [`${name}-data`] }, schedules: [schedule], objectives: { rpo: "26h" }, ...spec },
  });

  const restoreTestOf = (name: string, spec: object = {}) => ({
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "RestoreTest",
    metadata: { name, namespace },
    spec: { policyRef: { name: "first" }, cron: "0 5 1 1 *", ...spec },
  });

  const claimOf = (name: string, where = namespace) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: where },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } }, storageClassName: "none" },
  });

  function pointOf(name: string, policy: string, time: Date, more: object = {}) {
    return {
      apiVersion: "holdfast.dev/v1alpha1",
      kind: "RestorePoint",
      metadata: { name, namespace, labels: { "holdfast.dev/policy": policy } },
      spec: {
        policy,
        schedule: "nightly",
        pvc: { name: `${policy}-data`, uid: "none" },
        chain: "20261123T010000Z",
        type: "Full",
        time: time.toISOString(),
        run: "a-run-that-is-no-more",
        source: { storageClassName: "none" },
        ...more,
      },
    };
  }

  async function apply(object: KubeObject & { readonly spec?: unknown }): Promise<void> {
    const { group = "", version = "" } = /^((?<group>.*)\/)?(?<version>.*)$/.exec(object.apiVersion)?.groups ?? {};
    const plural = object.kind === "BackupPolicy" ? "backuppolicies" : `${object.kind.toLowerCase()}s`;
    await client.apply({ group, version, plural, kind: object.kind, namespaced: true }, object, {
      fieldManager: "test",
    });
  }

  /** Waits until a condition of the object's present generation is as it should be. */
  async function whenCondition(
    resource: typeof backupPolicies | typeof restoreTests,
    name: string,
    type: string,
    expected: { readonly status?: string; readonly reason?: string },
    seconds = 60,
  ) {
    const object = await eventually(
      `${type} of ${name}`,
      () => client.find<KubeObject & Judged>(resource as never, { namespace, name }),
      (read) => {
        const condition = conditionOf(read, type);
        return (
          condition?.observedGeneration === read?.metadata.generation &&
          (expected.status === undefined || condition?.status === expected.status) &&
          (expected.reason === undefined || condition?.reason === expected.reason)
        );
      },
      seconds,
    );
    return conditionOf(object, type);
  }

  const whenReady = (name: string, reason?: string) =>
    whenCondition(backupPolicies, name, "Ready", { status: "True", reason });
  const whenStalled = (name: string, reason: string) =>
    whenCondition(backupPolicies, name, "Stalled", { status: "True", reason });

  const cronJob = (name: string) => client.find(cronJobs, { namespace, name });

  return {
    operator,
    namespace,
    client,
    /** The one that was started first. */
    controller: () => controller,
    apply,
    targetOf,
    policyOf,
    restoreTestOf,
    claimOf,
    pointOf,
    cronJob,
    whenCondition,
    whenReady,
    whenStalled,
  };
}
