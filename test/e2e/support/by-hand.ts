import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { TargetName } from "./cluster.ts";
import { resticEnvironment } from "./referee.ts";
import { generousSeconds } from "./until.ts";

/** A `restic prune` that somebody runs beside the operator, held still in the middle of its work. */
export interface PausedPrune {
  /** Lets it go on, and waits for its end; rejects with restic's complaint. */
  readonly finish: () => Promise<void>;
  /** Ends it by force, if it is still there. */
  readonly abandon: () => void;
}

/**
 * Starts a prune and stops it as soon as it `isLocked`. It reads slowly, so that it cannot be through before we look.
 */
export async function pausedPrune(
  target: TargetName,
  repository: string,
  isLocked: () => Promise<boolean>,
): Promise<PausedPrune> {
  const words = ["--no-cache", "--limit-download", "2", "--limit-upload", "2", "prune"];
  const environment = { ...process.env, ...resticEnvironment(target, repository) };
  const child = spawn("restic", words, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text: Buffer) => {
      said += text;
    });
  }
  const ended = once(child, "exit");
  const deadline = performance.now() + generousSeconds * 1000;
  while (!(await isLocked())) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`restic prune could not be stopped in the middle: ${said}`);
    }
    await sleep(50);
  }
  child.kill("SIGSTOP");
  return {
    async finish() {
      child.kill("SIGCONT");
      const [code] = await ended;
      if (code !== 0) throw new Error(`restic prune ended with ${code}: ${said}`);
    },
    abandon: () => void child.kill("SIGKILL"),
  };
}
