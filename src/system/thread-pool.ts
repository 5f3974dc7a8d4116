import { parentPort, type Transferable } from "node:worker_threads";
import { startThread, type Thread } from "./thread.ts";

/** Threads of one program, each of which answers one order after the other. */
export interface ThreadPool<Order, Answer> {
  /** A thread would come to the next order soon. Where none would, the caller is quicker carrying it out itself. */
  readonly isFree: boolean;
  /** The answer of the thread that has least to do; `memory` goes along with the order. Rejects once a thread has failed. */
  ask(order: Order, memory: readonly Transferable[]): Promise<Answer>;
  /** Ends the threads, whatever they are doing. */
  close(): Promise<void>;
}

export interface ThreadPoolOptions {
  /** What the threads run; it calls `answerOrders`. */
  readonly program: URL;
  /** Beside the caller's; may be none. */
  readonly threads: number;
}

/** Orders that a thread may have: one that it carries out, and one that it need not wait for. */
export const ordersAhead = 2;

interface Hand<Order, Answer> {
  readonly thread: Thread<Order>;
  /** Who waits for its answers, in their order. */
  readonly waiting: PromiseWithResolvers<Answer>[];
}

export function createThreadPool<Order, Answer>({ program, threads }: ThreadPoolOptions): ThreadPool<Order, Answer> {
  let failure: { readonly error: unknown } | undefined;

  const startHand = (): Hand<Order, Answer> => {
    const waiting: Hand<Order, Answer>["waiting"] = [];
    const thread = startThread<Order, Answer>({
      program,
      onReport: (answer) => waiting.shift()?.resolve(answer),
      onFailure(error) {
        failure ??= { error };
        for (const { reject } of waiting.splice(0)) reject(error);
      },
    });
    return { thread, waiting };
  };
  const hands = Array.from({ length: threads }, startHand);

  const leastBusy = () => hands.toSorted((a, b) => a.waiting.length - b.waiting.length)[0];

  return {
    get isFree() {
      return (leastBusy()?.waiting.length ?? ordersAhead) < ordersAhead;
    },
    async ask(order, memory) {
      if (failure) throw failure.error;
      const hand = leastBusy();
      if (!hand) throw new RangeError("This pool has no threads.");
      const answer = Promise.withResolvers<Answer>();
      hand.waiting.push(answer);
      hand.thread.give(order, [...memory]);
      return answer.promise;
    },
    async close() {
      await Promise.all(hands.map(({ thread }) => thread.end()));
    },
  };
}

/** What a thread of a pool runs. An error ends the thread, and is the pool's failure. */
export function answerOrders<Order, Answer>(carryOut: (order: Order) => Answer): void {
  parentPort?.on("message", (order: Order) => parentPort?.postMessage(carryOut(order)));
}

/** Memory with these bytes and no others: the buffer's own, or a copy where it is a part of something larger. */
export function wholeMemory({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}
