import { availableParallelism } from "node:os";
import { type Transferable, Worker } from "node:worker_threads";

/** A thread that takes orders and reports. */
export interface Thread<Order> {
  /** `memory` goes along with the order: who gives it does not have it any more. */
  give(order: Order, memory?: Transferable[]): void;
  /** Ends it, whatever it is doing. */
  end(): Promise<void>;
}

export interface ThreadOptions<Report> {
  readonly program: URL;
  readonly onReport: (report: Report) => void;
  /** It has thrown, or ended without being told to: nothing more will come of it. */
  readonly onFailure: (error: unknown) => void;
}

/** More would each hold packs of their own, for a main thread that cannot feed them. */
const mostThreads = 3;

/** Threads that are worth while beside the caller's, which is busy, too. */
export const threadsBeside = (): number => Math.max(1, Math.min(mostThreads, availableParallelism() - 1));

/** Our threads make few and small objects. Left to themselves, they would let tens of megabytes of them pile up. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

export function startThread<Order, Report>({ program, onReport, onFailure }: ThreadOptions<Report>): Thread<Order> {
  const worker = new Worker(program, { resourceLimits });
  let isEnding = false;
  worker.on("message", onReport);
  worker.on("error", onFailure);
  worker.on("messageerror", onFailure);
  worker.on("exit", (code) => {
    if (!isEnding)
      onFailure(new Error(`A thread (${program.pathname.split("/").at(-1)}) ended by itself, with ${code}.`));
  });
  return {
    give: (order, memory = []) => worker.postMessage(order, memory),
    async end() {
      isEnding = true;
      await worker.terminate();
    },
  };
}
