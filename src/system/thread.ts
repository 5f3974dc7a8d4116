import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, Worker } from "node:worker_threads";

/** A thread that takes orders and reports. Its program calls `takeOrders`. */
export interface Thread<Order> {
  give(order: Order): void;
  /** Ends it, after the orders that it has. */
  end(): Promise<void>;
}

export interface ThreadOptions<Report> {
  readonly program: URL;
  readonly onReport: (report: Report) => void;
  /** It has thrown, or ended without being told to: nothing more will come of it. */
  readonly onFailure: (error: unknown) => void;
  /** How long it may take to end by itself. */
  readonly patienceMilliseconds?: number;
}

/** More would each hold packs of their own, for a main thread that cannot feed them. */
const mostThreads = 3;

/** Threads that are worth while beside the caller's, which is busy, too. */
export const threadsBeside = (): number => Math.max(1, Math.min(mostThreads, availableParallelism() - 1));

/** Our threads make few and small objects. Left to themselves, they would let tens of megabytes of them pile up. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

/** An order takes a tenth of a second, and a thread has a few of them. */
const usualPatience = 10_000;

/** The last order; no other is a string. */
const goHome = "go home";

/**
 * Starts a thread. It is never stopped in the middle of anything as long as it listens: while it is inside of native code, or loading that, a
 * stop from outside ends the whole process.
 */
export function startThread<Order extends object, Report>({
  program,
  onReport,
  onFailure,
  patienceMilliseconds = usualPatience,
}: ThreadOptions<Report>): Thread<Order> {
  const worker = new Worker(program, { resourceLimits });
  const { promise: hasEnded, resolve: noteEnd } = Promise.withResolvers<void>();
  let isEnding = false;
  const end = async (): Promise<void> => {
    if (!isEnding) worker.postMessage(goHome);
    isEnding = true;
    const isOver = new AbortController();
    const patience = sleep(patienceMilliseconds, undefined, { signal: isOver.signal }).catch(() => {});
    await Promise.race([hasEnded, patience]);
    isOver.abort();
    await worker.terminate();
  };
  worker.on("message", onReport);
  worker.on("error", onFailure);
  // Unlike one that has thrown, it is still at work: nothing may be taken from under its hands before it has ended.
  worker.on("messageerror", (error) => void end().then(() => onFailure(error)));
  worker.on("exit", (code) => {
    noteEnd();
    if (!isEnding)
      onFailure(new Error(`A thread (${program.pathname.split("/").at(-1)}) ended by itself, with ${code}.`));
  });
  return { give: (order) => worker.postMessage(order), end };
}

/** What a thread runs: one order after the other, until it is told to end. An error ends it, and is its failure. */
export function takeOrders<Order extends object>(carryOut: (order: Order) => void): void {
  parentPort?.on("message", (order: Order | typeof goHome) => {
    if (order === goHome) parentPort?.close();
    else carryOut(order);
  });
  parentPort?.on("messageerror", (error) => {
    throw error;
  });
}
