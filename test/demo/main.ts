import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { application, type ClusterEnv, namespace, restore, strategy } from "./manifests.ts";
import { headline, read, show, waitFor } from "./step.ts";

/**
 * `make demo`: the main job from beginning to end, on the real cluster that `make cluster` started. Everything is done
 * with kubectl and plain restic, as a user would; nothing here knows Holdfast's code.
 */
const env = clusterEnv();
Object.assign(process.env, env);
const kubectl = (...args: string[]) => read("kubectl", ["-n", namespace, ...args]);
const showKubectl = (...args: string[]) => show("kubectl", ["-n", namespace, ...args]);
const apply = (manifest: string) => process.stdout.write(read("kubectl", ["apply", "-f", "-"], manifest));
interface Listed {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly type?: string; readonly chain?: string; readonly time?: string };
  readonly status?: {
    readonly phase?: string;
    readonly copies?: readonly { readonly target: string; readonly state: string; readonly snapshot: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}
const list = (kind: string): Listed[] => JSON.parse(kubectl("get", kind, "-o", "json")).items;
const get = (kind: string, name: string): Listed => JSON.parse(kubectl("get", kind, name, "-o", "json"));

headline("A clean namespace and a shop that writes an order each second");
read("kubectl", ["delete", "namespace", namespace, "--ignore-not-found", "--wait"]);
read("kubectl", ["create", "namespace", namespace]);
apply(application(env));
showKubectl("rollout", "status", "deployment/shop", "--timeout=180s");

headline("The strategy: two targets, a policy with two schedules, a restore test");
// The password is new each time, so a prefix that an earlier demo used is cleared first: it is ours alone.
clearBucket("onprem");
clearBucket("offsite");
apply(strategy(env, randomBytes(24).toString("base64url")));
await waitFor("targets reachable", 3, () => {
  const ready = list("backuptargets").filter((target) => condition(target, "Reachable") === "True");
  return { done: ready.length === 2 ? true : undefined, state: `${ready.length} of 2` };
});
showKubectl("get", "backuptargets,backuppolicies,restoretests,cronjobs");

headline("The CronJobs make a Full and an Incremental by themselves");
await waitFor("restore points", 9, () => {
  const points = list("restorepoints");
  const types = points.filter((point) => point.status?.phase === "Succeeded").map((point) => point.spec.type);
  const state = points.map((point) => `${point.spec.type} ${point.status?.phase ?? "new"}`).join(", ") || "none yet";
  return { done: types.includes("Full") && types.includes("Incremental") ? true : undefined, state };
});
showKubectl("get", "restorepoints");

headline("Is it any good? The RestoreTest restores a copy from each target and checks it");
showKubectl("create", "job", "test-now", "--from=cronjob/shop-restores");
await waitFor("restore test", 6, () => {
  const { status } = JSON.parse(kubectl("get", "job", "test-now", "-o", "json"));
  const ended = status?.conditions?.find(({ type, status: value }: { type: string; status: string }) => {
    return ["Complete", "Failed"].includes(type) && value === "True";
  });
  if (ended?.type === "Failed") throw new Error(`the restore test failed: ${kubectl("describe", "restoretest")}`);
  return { done: ended ? true : undefined, state: ended ? "passed" : "running" };
});
showKubectl(
  "get",
  "restoretest",
  "shop-restores",
  "-o",
  'jsonpath={range .status.results[*]}{.id}: {.result}, {.message}{"\\n"}{end}',
);

headline("A disaster: somebody deletes the orders");
const orders = (deployment = "shop") =>
  Number(kubectl("exec", `deployment/${deployment}`, "--", "sh", "-c", "ls /data/orders | wc -l").trim());
console.log(`   orders in the shop: ${orders()}`);
const suspend = '{"spec":{"suspend":true}}';
showKubectl("patch", "backuppolicy", "shop", "--type=merge", "-p", suspend);
console.log("   (first of all the schedules stop, so that nothing good ages out while we think)");
showKubectl("scale", "deployment/shop", "--replicas=0");
kubectl("wait", "--for=delete", "pod", "-l", "app=shop", "--timeout=120s");
runOnce("disaster", "shop-data", "rm -r /data/orders");
console.log("   the folder /data/orders is gone, and the volume with it is all the shop has");

headline("Bring the orders back with a Restore, from before the disaster");
const newest = newestWithOrders();
apply(restore(newest.metadata.name));
await waitFor("restore", 6, () => {
  const phase = get("restore", "bring-orders-back").status?.phase;
  if (phase === "Failed") throw new Error(`the restore failed:\n${kubectl("describe", "restore")}`);
  return { done: phase === "Succeeded" ? true : undefined, state: phase ?? "new" };
});
showKubectl("get", "restore");
showKubectl(
  "patch",
  "deployment/shop",
  "--type=json",
  `-p=[{"op":"replace","path":"/spec/template/spec/volumes/0/persistentVolumeClaim/claimName","value":"shop-data-restored"},{"op":"replace","path":"/spec/replicas","value":1}]`,
);
showKubectl("rollout", "status", "deployment/shop", "--timeout=180s");
console.log(`   orders in the shop, which runs on the restored volume: ${orders()}`);

headline("Without Holdfast: plain restic reads the bucket");
plainRestic(newest);

headline("What the policy says");
await waitFor("verdict", 3, () => {
  const verified = condition(get("backuppolicy", "shop"), "Verified");
  return { done: verified === "True" ? true : undefined, state: `Verified=${verified}` };
});
showKubectl("get", "backuppolicy", "shop");
showKubectl("describe", "backuppolicy", "shop");
for (const { type, status, message } of get("backuppolicy", "shop").status?.conditions ?? []) {
  console.log(`   ${type.padEnd(18)} ${status.padEnd(8)} ${message}`);
}

headline("The metrics");
const metrics = read("kubectl", [
  "get",
  "--raw",
  "/api/v1/namespaces/holdfast-system/services/holdfast-metrics:metrics/proxy/metrics",
]);
for (const line of metrics.split("\n"))
  if (/^holdfast_.*namespace="holdfast-demo"/.test(line)) console.log(`   ${line}`);

console.log(`
Done. The cluster stays up for you to look at:

  source .cluster/env
  kubectl -n ${namespace} get backuppolicies,restorepoints,restoretests,restores
  kubectl -n ${namespace} describe restorepoint ${newest.metadata.name}
  kubectl -n ${namespace} create job full-now --from=cronjob/shop-full
  kubectl -n holdfast-system logs deployment/holdfast

The policy is still suspended: in ten minutes its RPO is missed and RPOMet turns False. To let it go on:
  kubectl -n ${namespace} patch backuppolicy shop --type=merge -p '{"spec":{"suspend":false}}'

Remove the demo alone:                            kubectl delete namespace ${namespace}
Remove the whole cluster, with everything in it:  make cluster-down`);

/** The newest point with a good copy from before the orders were deleted. */
function newestWithOrders(): Listed {
  const deleted = JSON.parse(kubectl("get", "pod", "disaster", "-o", "json")).status.startTime as string;
  const good = list("restorepoints")
    .filter((point) => point.status?.copies?.some((copy) => copy.target === "onprem" && copy.state === "Good"))
    .filter((point) => Date.parse(point.spec.time ?? "") < Date.parse(deleted))
    .sort((a, b) => Date.parse(b.spec.time ?? "") - Date.parse(a.spec.time ?? ""));
  if (!good[0]) throw new Error("no restore point from before the disaster is left");
  return good[0];
}

/** Lists and restores the point from the on-premises bucket with the restic that the distribution ships. */
function plainRestic(point: Listed): void {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-demo-"));
  const password = Buffer.from(kubectl("get", "secret", "repository-key", "-o", "jsonpath={.data.password}"), "base64");
  const credentials = {
    AWS_ACCESS_KEY_ID: env.ONPREM_ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: env.ONPREM_SECRET_KEY,
    AWS_DEFAULT_REGION: env.REGION,
    RESTIC_PASSWORD: password.toString(),
  };
  const repository = `s3:${env.ONPREM_ENDPOINT}/${env.ONPREM_BUCKET}/demo/${namespace}/shop-data/${point.spec.chain}`;
  const snapshot = point.status?.copies?.find((copy) => copy.target === "onprem")?.snapshot ?? "latest";
  try {
    show("restic", ["--no-cache", "-r", repository, "snapshots"], credentials);
    show("restic", ["--no-cache", "-r", repository, "restore", snapshot, "--target", folder], credentials);
    show("sh", ["-c", `find ${folder} -type f | wc -l; find ${folder} -name 'order-*' | sort | tail -n 2 | xargs cat`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a shell command once in a pod that has the PVC at /data, and waits for its end. */
function runOnce(name: string, claim: string, command: string): void {
  const overrides = {
    spec: {
      containers: [
        {
          name,
          image: env.IMAGE,
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", command],
          securityContext: { runAsUser: 0 },
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
      ],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
    },
  };
  kubectl("run", name, `--image=${env.IMAGE}`, "--restart=Never", `--overrides=${JSON.stringify(overrides)}`);
  kubectl("wait", `pod/${name}`, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s");
}

function condition(object: Listed, type: string): string {
  return object.status?.conditions?.find((one) => one.type === type)?.status ?? "Unknown";
}

/** Removes what an earlier demo left below the prefix `demo/`, with the S3 client that the product uses. */
function clearBucket(store: "onprem" | "offsite"): void {
  const prefix = store.toUpperCase();
  read("node", ["test/demo/clear-prefix.ts", `${env[`${prefix}_BUCKET`]}`, `demo/${namespace}/`], undefined, {
    AWS_ENDPOINT_URL_S3: env[`${prefix}_ENDPOINT`],
    AWS_ACCESS_KEY_ID: env[`${prefix}_ACCESS_KEY`],
    AWS_SECRET_ACCESS_KEY: env[`${prefix}_SECRET_KEY`],
    AWS_REGION: env.REGION,
  });
}

/** The shell exports of `.cluster/env`, as the shell itself reads them. */
function clusterEnv(): ClusterEnv {
  readFileSync(".cluster/env");
  const printed = read("bash", ["-c", "set -a; . .cluster/env; env -0"]);
  return Object.fromEntries(
    printed
      .split("\0")
      .filter((entry) => entry.includes("="))
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}
