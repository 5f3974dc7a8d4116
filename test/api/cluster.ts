import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

/** The cluster that `.cluster/env` names (`make cluster`), through its own kubectl and helm. */

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

let environment: NodeJS.ProcessEnv | undefined;

/** The shell's variables with those of `.cluster/env`: a KUBECONFIG of the shell's own is never used. */
function clusterEnvironment(): NodeJS.ProcessEnv {
  if (environment) return environment;
  if (!existsSync(`${root}/.cluster/env`)) throw new Error("there is no test cluster: start one with `make cluster`");
  const printed = execFileSync("bash", ["-c", "set -a; . .cluster/env; env -0"], { cwd: root }).toString();
  const variables: NodeJS.ProcessEnv = Object.fromEntries(printed.split("\0").map((line) => line.split(/=(.*)/s, 2)));
  environment = variables;
  return variables;
}

/** Runs a program of the cluster's; a failure is an answer too. */
export function attempt(program: "kubectl" | "helm", args: readonly string[], input?: string): Outcome {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    env: clusterEnvironment(),
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (error) throw error;
  return { ok: status === 0, stdout, stderr };
}

/** What the program printed. Throws where it failed. */
export function run(program: "kubectl" | "helm", args: readonly string[], input?: string): string {
  const { ok, stdout, stderr } = attempt(program, args, input);
  if (!ok) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

export const kubectl = (...args: readonly string[]): string => run("kubectl", args);

/** Applies our definitions as they are in the tree; nothing changes where the cluster has them already. */
export function applyDefinitions(): void {
  kubectl("apply", "--server-side", "--force-conflicts", "-f", "crds");
  kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", "crds");
}

/**
 * A namespace of the test file's own, with our kinds defined; it is gone after the last test. An operator that is installed leaves
 * it alone.
 */
export function useNamespace(name: string): string {
  const namespace = `${name}-${process.pid}`;
  beforeAll(() => {
    applyDefinitions();
    kubectl("create", "namespace", namespace);
    kubectl("label", "namespace", namespace, "holdfast.dev/ignore=true");
  });
  afterAll(() => {
    kubectl("delete", "namespace", namespace, "--wait=false");
  });
  return namespace;
}

/** Creates or changes an object as a user does. */
export function apply(object: object, ...more: readonly string[]): Outcome {
  return attempt("kubectl", ["apply", ...more, "-f", "-"], JSON.stringify(object));
}
