import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { answers } from "../cluster/probe.ts";
import { apiserver } from "../cluster/settings.ts";
import { checked, type StepResult } from "./step.ts";

const script = "test/cluster/main.ts";

export interface StartingCluster {
  /** Resolves when the start has ended, well or badly; shows progress from then on. */
  ready(): Promise<StepResult>;
  /** Whether the cluster was running before we came, so that it is not ours to remove. */
  readonly wasRunning: boolean;
}

/** Starts the test cluster in the background, its output in `log` until somebody waits for it. */
export async function startCluster(log: string): Promise<StartingCluster> {
  // Whichever checkout started it; what a crash left of one does not count.
  const wasRunning = await answers(`${apiserver}/readyz`);
  const begin = performance.now();
  const output = createWriteStream(log);
  const child = spawn("node", [script, "up"], { stdio: ["ignore", "pipe", "pipe"] });
  let waiting = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output.write(chunk);
      if (waiting) process.stdout.write(chunk);
    });
  }
  const ended = exit(child);
  return {
    wasRunning,
    async ready() {
      waiting = true;
      console.log(`\n=== test cluster (the whole log is in ${log})`);
      const code = await ended;
      const seconds = (performance.now() - begin) / 1000;
      if (code !== 0) console.error(readFileSync(log, "utf8").split("\n").slice(-40).join("\n"));
      return checked("test cluster starts", code, seconds);
    },
  };
}

/** Removes the cluster, unless it was there before; that nothing of it is left behind is judged by its own exit code. */
export async function stopCluster({ wasRunning }: StartingCluster): Promise<StepResult> {
  const name = wasRunning ? "test cluster was running before and stays" : "test cluster is removed";
  const begin = performance.now();
  const code = wasRunning
    ? 0
    : await exit(spawn("node", [script, "down"], { stdio: ["ignore", "inherit", "inherit"] }));
  return checked(name, code, (performance.now() - begin) / 1000);
}

const exit = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => {
    child.on("error", () => resolve(127));
    child.on("exit", (code) => resolve(code ?? 1));
  });
