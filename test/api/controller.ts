import { execFileSync } from "node:child_process";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { startController } from "../../src/controller/controller.ts";
import { clusterClient } from "./client.ts";
import { applyDefinitions, attempt, kubectl, root, run } from "./cluster.ts";

/** The operator's image, which the cluster's node has. */
export const operatorImage = (): string =>
  execFileSync("bash", ["-c", `. .cluster/env; printf %s "$IMAGE"`], { cwd: root }).toString();

export type Running = {
  readonly metrics: () => Promise<string>;
  readonly ready: () => Promise<boolean>;
  /** What it says of its readiness. */
  readonly readiness: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

export type Operator = {
  /** A namespace that these controllers look after, and no other one does. */
  readonly namespace: (name: string) => string;
  /** The operator's own namespace, where its Lease is. */
  readonly home: string;
  /** The ClusterRole that holds its rights. */
  readonly role: string;
  /** Starts a controller in this process, with exactly the rights that the chart grants. */
  readonly start: (options?: { readonly image?: string }) => Promise<Running>;
};

/**
 * Controllers for a test file, beside an operator that may be installed: that one ignores namespaces with the label
 * `holdfast.dev/ignore`, and these look after namespaces with a label of their own. All is gone after the last test.
 */
export function useOperator(name: string): Operator {
  const id = `${name}-${process.pid}`;
  const home = `${id}-home`;
  const namespaces: string[] = [];
  const running: Running[] = [];
  const applied: string[] = [];

  beforeAll(() => {
    applyDefinitions();
    kubectl("create", "namespace", home);
    const templates = ["controller-roles", "serviceaccount"];
    // What runners may do has fixed names: it is there where an operator is installed.
    if (!attempt("kubectl", ["get", "clusterrole", "holdfast-runner"]).ok) templates.push("runner-roles");
    const shown = templates.map((template) => `--show-only=templates/${template}.yaml`);
    const roles = run("helm", ["template", `${id}-holdfast`, "charts/holdfast", `--namespace=${home}`, ...shown]);
    run("kubectl", ["apply", "--server-side", "-f", "-"], roles);
    applied.push(roles);
  });

  afterAll(async () => {
    await Promise.all(running.map((controller) => controller.stop()));
    kubectl("delete", "namespace", "--wait=false", home, ...namespaces);
    for (const roles of applied) run("kubectl", ["delete", "--ignore-not-found", "--wait=false", "-f", "-"], roles);
    for (const namespace of namespaces) withdraw(namespace);
  });

  async function start({ image = "holdfast.test/none:1" } = {}): Promise<Running> {
    const stopping = new AbortController();
    const controller = await startController({
      client: clusterClient(`system:serviceaccount:${home}:${id}-holdfast`),
      log: pino({ level: process.env.HOLDFAST_LOG_LEVEL ?? "silent" }),
      signal: stopping.signal,
      options: {
        namespace: home,
        image,
        imagePullPolicy: "IfNotPresent",
        namespaceSelector: `holdfast.dev/test=${id}`,
        leaderElection: true,
        metricsPort: 0,
        healthPort: 0,
      },
    });
    const askReadiness = () => fetch(`http://127.0.0.1:${controller.healthPort}/readyz`);
    const started: Running = {
      metrics: async () => await (await fetch(`http://127.0.0.1:${controller.metricsPort}/metrics`)).text(),
      ready: async () => (await askReadiness()).ok,
      readiness: async () => await (await askReadiness()).text(),
      stop: async () => {
        stopping.abort();
        await controller.done;
      },
    };
    running.push(started);
    return started;
  }

  return {
    home,
    role: `${id}-holdfast-controller`,
    start,
    namespace: (short) => {
      const namespace = `${id}-${short}`;
      namespaces.push(namespace);
      beforeAll(() => {
        kubectl("create", "namespace", namespace);
        kubectl("label", "namespace", namespace, "holdfast.dev/ignore=true", `holdfast.dev/test=${id}`);
      });
      return namespace;
    },
  };
}

/** The binding of an installed operator keeps its subjects until that operator sees that a namespace is gone. */
function withdraw(namespace: string): void {
  const found = attempt("kubectl", ["get", "clusterrolebinding", "holdfast-runner-cluster-read", "-o", "json"]);
  if (!found.ok) return;
  const binding = JSON.parse(found.stdout) as { subjects?: { namespace?: string }[] };
  const subjects = (binding.subjects ?? []).filter((subject) => subject.namespace !== namespace);
  if (subjects.length !== binding.subjects?.length)
    run("kubectl", ["replace", "-f", "-"], JSON.stringify({ ...binding, subjects }));
}
