import { randomBytes } from "node:crypto";
import { it } from "vitest";
import { label } from "../../../src/api/names.ts";
import type { RestorePoint } from "../../../src/api/objects.ts";
import { restorePoints } from "../../../src/kube/holdfast.ts";
import { cronJobs, events, jobs, namespaces, pods } from "../../../src/kube/resources.ts";
import type { Job, KubeObject, Pod, Stored } from "../../../src/kube/types.ts";
import { type RunReport, runReport } from "../../../src/runner/contract.ts";
import { client, kubectl, kubectlReading, setting } from "./cluster.ts";
import { expectNothingLeft } from "./leftovers.ts";
import { claim, credentials, type Manifest, passwordSecret, pod, target } from "./manifests.ts";
import { removeAll } from "./store.ts";
import { describeTree } from "./tree.ts";
import { until } from "./until.ts";

/** How a run ended. */
export type RunEnd = {
  readonly job: string;
  readonly uid: string;
  readonly succeeded: boolean;
  readonly report: RunReport;
};

/** A namespace of its own with two targets below a prefix of its own, and what one does in it. */
export type Scenario = {
  readonly namespace: string;
  readonly apply: (...objects: readonly Manifest[]) => Promise<void>;
  readonly remove: (kind: string, name: string) => Promise<void>;
  /** Removes the namespace with all that is in it, as when a cluster is lost, and makes it again as it was at first; the stores stay. */
  readonly startOver: () => Promise<void>;
  /** A merge patch, as `kubectl patch` sends it. */
  readonly change: (kind: string, name: string, change: object) => Promise<void>;
  readonly get: <T = KubeObject>(kind: string, name: string) => Promise<T>;
  /** Makes the PVC `data` with an application on it, whose script has `/data` to write to and goes on until the end; waits for `/data/ready`. */
  readonly runApplication: (script: string, storageClass?: string) => Promise<void>;
  /** Runs a shell script in the application's container. */
  readonly inApplication: (script: string) => Promise<string>;
  /** The description of a volume's content, by a pod that mounts it. */
  readonly treeOf: (pvc: string) => Promise<string>;
  readonly startRun: (cronJob: string) => Promise<string>;
  readonly endOfRun: (job: string) => Promise<RunEnd>;
  /** `kubectl create job --from=cronjob/…`, to the end. */
  readonly run: (cronJob: string) => Promise<RunEnd>;
  /** Oldest first. */
  readonly points: () => Promise<readonly RestorePoint[]>;
  /** One of a run's pods that is running now. */
  readonly runningPod: (component: "runner" | "mover" | "check") => Promise<Stored<Pod> | undefined>;
  /** The messages of the events with a reason. */
  readonly eventsOf: (reason: string) => Promise<readonly string[]>;
  readonly expectNothingLeft: () => Promise<void>;
  /** All that anybody could read of it: objects but for Secrets, events, the runners' logs. */
  readonly everythingSaid: () => Promise<string>;
};

/** A test in a namespace of its own, beside others. What it made is removed whatever happens; a failure tells the state of things. */
export function scenario(title: string, name: string, body: (scenario: Scenario) => Promise<void>): void {
  it.concurrent(title, async () => {
    const namespace = `e2e-${name}-${randomBytes(3).toString("hex")}`;
    await prepare(namespace);
    try {
      await body(openScenario(namespace));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${message}\n\n${await diagnose(namespace)}`, { cause: error });
    } finally {
      await kubectl("delete", "namespace", namespace, "--wait=false");
      await removeAll("onprem", `${namespace}/`);
      await removeAll("offsite", `${namespace}/`);
    }
  });
}

async function prepare(namespace: string): Promise<void> {
  // The level at which all of our pods must be let in.
  const labels = { "pod-security.kubernetes.io/enforce": "baseline" };
  await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } });
  const objects = [credentials("onprem"), credentials("offsite"), passwordSecret()];
  await applyIn(namespace, [...objects, target("onprem", namespace), target("offsite", namespace)]);
}

async function applyIn(namespace: string, objects: readonly Manifest[]): Promise<void> {
  const items = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectlReading(input, "apply", "-f", "-");
}

function openScenario(namespace: string): Scenario {
  const here = ["--namespace", namespace] as const;
  const exec = (name: string, script: string) => kubectl("exec", ...here, name, "--", "sh", "-ec", script);

  const startRun = async (cronJob: string): Promise<string> => {
    await until(`the CronJob ${cronJob}`, () => client.find(cronJobs, { namespace, name: cronJob }));
    const name = `run-${randomBytes(4).toString("hex")}`;
    await kubectl("create", "job", ...here, `--from=cronjob/${cronJob}`, name);
    return name;
  };
  const endOfRun = async (name: string): Promise<RunEnd> => {
    const job = await until(`the end of run ${name}`, async () => {
      const found = await client.get(jobs, { namespace, name });
      return endedAs(found) === undefined ? undefined : found;
    });
    const report = await reportOf(namespace, job);
    return { job: name, uid: job.metadata.uid, succeeded: endedAs(job) === "Complete", report };
  };

  return {
    namespace,
    apply: (...objects) => applyIn(namespace, objects),
    remove: async (kind, name) => void (await kubectl("delete", ...here, kind, name)),
    startOver: async () => {
      await kubectl("delete", "namespace", namespace);
      await prepare(namespace);
    },
    change: async (kind, name, change) =>
      void (await kubectl("patch", ...here, kind, name, "--type=merge", `--patch=${JSON.stringify(change)}`)),
    get: async (kind, name) => JSON.parse(await kubectl("get", ...here, kind, name, "--output=json")),
    runApplication: async (script, storageClass = setting("STORAGE_CLASS")) => {
      await applyIn(namespace, [claim("data", storageClass), pod("application", "data", script)]);
      await kubectl("wait", ...here, "pod/application", "--for=condition=Ready", "--timeout=180s");
      await until("the application's files", () => exec("application", "test -e /data/ready && echo yes"));
    },
    inApplication: (script) => exec("application", script),
    treeOf: async (pvc) => {
      const name = `reader-${pvc}`.slice(0, 60);
      await applyIn(namespace, [pod(name, pvc, describeTree("/data"))]);
      await kubectl("wait", ...here, `pod/${name}`, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s");
      const said = await kubectl("logs", ...here, name);
      await kubectl("delete", ...here, "pod", name);
      return said;
    },
    startRun,
    endOfRun,
    run: async (cronJob) => await endOfRun(await startRun(cronJob)),
    points: async () =>
      (await client.list(restorePoints, { namespace })).items.toSorted(
        (a, b) => Date.parse(a.spec.time) - Date.parse(b.spec.time),
      ),
    runningPod: async (component) => {
      const { items } = await client.list(pods, { namespace, labelSelector: `${label.component}=${component}` });
      return items.find(({ status, metadata }) => status?.phase === "Running" && !metadata.deletionTimestamp);
    },
    eventsOf: async (reason) =>
      (await client.list(events, { namespace })).items.flatMap((event) =>
        event.reason === reason ? [event.message ?? ""] : [],
      ),
    expectNothingLeft: () => expectNothingLeft(namespace),
    everythingSaid: () => everythingSaid(namespace),
  };
}

const endedAs = (job: Job): "Complete" | "Failed" | undefined =>
  job.status?.conditions?.find(({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"))
    ?.type as "Complete" | "Failed" | undefined;

/** The report that the runner's last pod left. */
async function reportOf(namespace: string, job: Stored<Job>): Promise<RunReport> {
  const labelSelector = `batch.kubernetes.io/controller-uid=${job.metadata.uid}`;
  const { items } = await client.list(pods, { namespace, labelSelector });
  const last = items
    .toSorted((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))
    .at(-1);
  const message = last?.status?.containerStatuses?.[0]?.state?.terminated?.message ?? "";
  return runReport.parse(JSON.parse(message));
}

async function everythingSaid(namespace: string): Promise<string> {
  const kinds = "jobs,pods,configmaps,events,leases,backuptargets,backuppolicies,restorepoints,restoretests,restores";
  const said = await Promise.all([
    kubectl("get", kinds, "--namespace", namespace, "--output=yaml"),
    kubectl("logs", "--selector=holdfast.dev/component=runner", "--tail=-1", "--namespace", namespace),
  ]);
  return said.join("\n");
}

/** What somebody would look at first. */
async function diagnose(namespace: string): Promise<string> {
  const commands = [
    ["get", "pods,jobs,pvc,volumesnapshots,restorepoints,restores", "--output=wide"],
    ["get", "events", "--sort-by=.lastTimestamp"],
    ["logs", "--selector=holdfast.dev/component=runner", "--tail=20", "--prefix"],
    ["get", "backuppolicies,restoretests,backuptargets", "--output=yaml"],
  ];
  const said = commands.map((words) =>
    kubectl(...words, "--namespace", namespace).catch((error: Error) => error.message),
  );
  return (await Promise.all(said)).join("\n").slice(-20_000);
}
