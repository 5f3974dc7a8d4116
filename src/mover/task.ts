import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode } from "../contract/results.ts";
import { interrupted } from "./failure.ts";
import { createStores, type Stores } from "./stores.ts";

export interface TaskContext {
  readonly signal: AbortSignal;
  readonly stores: Stores;
  readonly started: number;
}

/**
 * Runs one command to its end: the first SIGTERM or SIGINT stops it cleanly, with locks removed, the second at once. `work`
 * returns the exit code and has said everything by then; it never rejects for anything but a mistake of ours.
 */
export async function runTask(work: (context: TaskContext) => Promise<number>): Promise<never> {
  const controller = new AbortController();
  // Every request under way listens: that is many, and no leak.
  setMaxListeners(0, controller.signal);
  const stop = (name: string) => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    controller.abort(interrupted(name));
  };
  for (const name of ["SIGTERM", "SIGINT"]) process.on(name, stop);
  const stores = createStores(controller.signal);
  const code = await work({ signal: controller.signal, stores, started: performance.now() });
  stores.closeAll();
  const said = Promise.all([process.stdout, process.stderr].map(flushed));
  // Whoever was told to stop does not wait for a reader that takes nothing.
  await (controller.signal.aborted ? Promise.race([said, sleep(1000)]) : said);
  // Requests to a store that was given up may still be under way: they shall not keep the process.
  process.exit(code);
}

/** Ending the process would cut off what a pipe has not taken yet. */
const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => stream.write("", () => resolve()));

/** Seconds since the task began, to the millisecond. */
export const secondsSince = (started: number): number => Math.round(performance.now() - started) / 1000;

/** The stack of an error that should not happen, for whoever mends it. Goes to standard error, not into results. */
export function logInternal(error: unknown): void {
  if (error instanceof Error) console.error(error.stack?.replace(/^.*?\n(?= {4}at )/s, `${error.name}\n`));
}
