import { stringify } from "yaml";

/** What the demo knows of the cluster: the variables of `.cluster/env`. */
export interface ClusterEnv {
  readonly [name: string]: string;
}

export const namespace = "holdfast-demo";

const yaml = (...objects: readonly object[]) => objects.map((object) => stringify(object)).join("---\n");
const named = (kind: string, name: string, apiVersion = "v1") => ({ apiVersion, kind, metadata: { name, namespace } });

/** A shop that writes an order each second, and keeps a list of check sums of what it wrote. */
export function application(env: ClusterEnv): string {
  const write = [
    "cd /data; mkdir -p orders; n=$(ls orders | wc -l);",
    'while true; do n=$((n+1)); f="orders/order-$(printf %05d $n).txt";',
    'echo "order $n at $(date -u +%FT%TZ)" > $f; sha256sum $f >> checksums.txt; sleep 1; done',
  ].join(" ");
  const labels = { app: "shop" };
  return yaml(
    {
      ...named("PersistentVolumeClaim", "shop-data"),
      metadata: { name: "shop-data", namespace, labels },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: env.STORAGE_CLASS,
        resources: { requests: { storage: "1Gi" } },
      },
    },
    {
      ...named("Deployment", "shop", "apps/v1"),
      spec: {
        replicas: 1,
        strategy: { type: "Recreate" },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: "shop",
                image: env.IMAGE,
                imagePullPolicy: "IfNotPresent",
                command: ["sh", "-c", write],
                securityContext: { runAsUser: 0 },
                volumeMounts: [{ name: "data", mountPath: "/data" }],
              },
            ],
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: "shop-data" } }],
          },
        },
      },
    },
  );
}

const target = (env: ClusterEnv, name: "onprem" | "offsite", rest: object) => {
  const prefix = name.toUpperCase();
  return [
    {
      ...named("Secret", `${name}-s3`),
      stringData: {
        AWS_ACCESS_KEY_ID: env[`${prefix}_ACCESS_KEY`],
        AWS_SECRET_ACCESS_KEY: env[`${prefix}_SECRET_KEY`],
      },
    },
    {
      ...named("BackupTarget", name, "holdfast.dev/v1alpha1"),
      spec: {
        s3: {
          endpoint: env[`${prefix}_ENDPOINT`],
          region: env.REGION,
          bucket: env[`${prefix}_BUCKET`],
          prefix: "demo",
          credentialsSecretRef: { name: `${name}-s3` },
        },
        encryption: { passwordSecretRef: { name: "repository-key", key: "password" } },
        ...rest,
      },
    },
  ];
};

/** Two targets, a policy with a Full and an Incremental schedule, and a RestoreTest with a check of its own. */
export function strategy(env: ClusterEnv, password: string): string {
  return yaml(
    { ...named("Secret", "repository-key"), stringData: { password } },
    ...target(env, "onprem", { media: "object-storage" }),
    ...target(env, "offsite", { media: "object-storage", offsite: true }),
    {
      ...named("BackupPolicy", "shop", "holdfast.dev/v1alpha1"),
      spec: {
        volumes: { selector: { matchLabels: { app: "shop" } } },
        snapshot: { volumeSnapshotClassName: env.SNAPSHOT_CLASS },
        timeZone: "Europe/Berlin",
        schedules: [
          { name: "full", type: "Full", cron: "*/2 * * * *", targets: ["onprem", "offsite"] },
          { name: "incremental", type: "Incremental", cron: "* * * * *", targets: ["onprem", "offsite"] },
        ],
        retention: { keepLast: 3 },
        objectives: { rpo: "10m", rto: "5m" },
      },
    },
    {
      ...named("RestoreTest", "shop-restores", "holdfast.dev/v1alpha1"),
      spec: {
        policyRef: { name: "shop" },
        cron: "0 5 * * 0",
        checks: [
          {
            name: "orders-are-whole",
            image: env.IMAGE,
            // The last line may have been half written at the instant of the snapshot, as after a power cut.
            command: [
              "sh",
              "-c",
              "cd /data && sed '$d' checksums.txt | sha256sum --check --quiet && ls orders | wc -l",
            ],
            mountPath: "/data",
          },
        ],
      },
    },
  );
}

/** Brings a restore point back into a new PVC. */
export const restore = (restorePoint: string) =>
  yaml({
    ...named("Restore", "bring-orders-back", "holdfast.dev/v1alpha1"),
    spec: { restorePointRef: { name: restorePoint }, to: { pvc: { name: "shop-data-restored" } } },
  });
