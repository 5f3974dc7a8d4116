import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { exitCode } from "../contract/results.ts";

/** What others started in this container has this long to take its locks back; the pod's grace period is longer. */
const graceMs = 30_000;

export function waitCommand(): Command {
  return new Command("wait")
    .description("Do nothing until stopped: a pod in which `kubectl holdfast` runs other commands")
    .action(async () => {
      const stopped = Promise.withResolvers<void>();
      // Signals do not keep a process alive, timers do.
      const alive = setInterval(() => {}, 60_000);
      for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => stopped.resolve());
      console.log("Waiting for commands of kubectl holdfast.");
      await stopped.promise;
      clearInterval(alive);
      await stopOthers();
      process.exit(exitCode.done);
    });
}

/**
 * As the first process of a container: whatever was started in it beside us would be killed as soon as we end, and leave its
 * lock in the repository. Anywhere else nothing is ours to stop.
 */
async function stopOthers(): Promise<void> {
  if (process.pid !== 1) return;
  const others = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== "1");
  for (const id of others()) signal(Number(id));
  const deadline = Date.now() + graceMs;
  while (others().length > 0 && Date.now() < deadline) await sleep(100);
}

function signal(id: number): void {
  try {
    process.kill(id, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}
