import { join } from "node:path";
import { attempt, type Outcome, run, sleep } from "./run.ts";

/** Talks to one cluster with one kubectl. */
export type Kubectl = {
  /** @throws with what kubectl said */
  readonly run: (args: readonly string[], input?: string) => Promise<string>;
  readonly attempt: (args: readonly string[], input?: string) => Promise<Outcome>;
  /** Server-side apply of objects, or of a file or folder; repeats while the API server is still settling. */
  readonly apply: (what: readonly object[] | string) => Promise<void>;
};

export function kubectlFor(binaries: string, kubeconfig: string): Kubectl {
  const program = [join(binaries, "kubectl"), "--kubeconfig", kubeconfig];
  const apply = async (what: readonly object[] | string) => {
    const from = typeof what === "string" ? what : "-";
    const input = typeof what === "string" ? "" : JSON.stringify({ apiVersion: "v1", kind: "List", items: what });
    const command = [
      ...program,
      "apply",
      "--server-side",
      "--force-conflicts",
      "--field-manager=test-cluster",
      "-f",
      from,
    ];
    for (let attempts = 0; attempts < 20; attempts += 1) {
      const outcome = await attempt(command, { input });
      if (outcome.code === 0) return;
      await sleep(500);
    }
    await run(command, { input });
  };
  return {
    run: (args, input) => run([...program, ...args], { input }),
    attempt: (args, input) => attempt([...program, ...args], { input }),
    apply,
  };
}
