import { setImmediate as nextTurn } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { sharable } from "./memory.ts";
import { startThread, type Thread, takeOrders } from "./thread.ts";

/** Something to be done with bytes. */
export interface BytesOrder {
  readonly bytes: Uint8Array;
}

/** Threads of one program, each of which carries out one order after the other. */
export interface ThreadPool<Order extends BytesOrder, Answer> {
  /**
   * Has an order carried out: by the thread that has least to do or, where each has enough of it, by this one. Its bytes must stay as they
   * are until then; those that are not in shared memory are copied for a thread. Rejects once a thread has failed.
   */
  carryOut(order: Order): Promise<Answer>;
  /** Ends the threads, after what they have to do; who still waits for an answer then gets none. */
  close(): Promise<void>;
}

interface ThreadPoolOptions<Order, Answer> {
  /** What the threads run; it calls `answerOrders`. */
  readonly program: URL;
  /** Beside the caller's; may be none. */
  readonly threads: number;
  /** The same in this thread. */
  readonly carryOut: (order: Order) => Answer;
}

/** Orders that a thread may have: one that it carries out, and one that it need not wait for. */
export const ordersAhead = 2;

interface Hand<Order, Answer> {
  readonly thread: Thread<Order>;
  /** Who waits for its answers, in their order. */
  readonly waiting: PromiseWithResolvers<Answer>[];
}

export function createThreadPool<Order extends BytesOrder, Answer>({
  program,
  threads,
  carryOut,
}: ThreadPoolOptions<Order, Answer>): ThreadPool<Order, Answer> {
  let failure: { readonly error: unknown } | undefined;

  const fail = (waiting: Hand<Order, Answer>["waiting"], error: unknown): void => {
    failure ??= { error };
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  const startHand = (): Hand<Order, Answer> => {
    const waiting: Hand<Order, Answer>["waiting"] = [];
    const thread = startThread<Order, Answer>({
      program,
      onReport: (answer) => waiting.shift()?.resolve(answer),
      onFailure: (error) => fail(waiting, error),
    });
    return { thread, waiting };
  };
  const hands = Array.from({ length: threads }, startHand);

  return {
    async carryOut(order) {
      if (failure) throw failure.error;
      const [hand] = hands.toSorted((a, b) => a.waiting.length - b.waiting.length);
      if (!hand || hand.waiting.length >= ordersAhead) {
        const answer = carryOut(order);
        // So that the threads are heard before more is done here.
        await nextTurn();
        return answer;
      }
      const answer = Promise.withResolvers<Answer>();
      hand.thread.give({ ...order, bytes: sharable(order.bytes) });
      hand.waiting.push(answer);
      return answer.promise;
    },
    async close() {
      await Promise.all(hands.map(({ thread }) => thread.end()));
      for (const { waiting } of hands) fail(waiting, new Error("The threads were ended."));
    },
  };
}

/** What a thread of a pool runs. An error ends the thread, and is the pool's failure. */
export const answerOrders = <Order extends BytesOrder, Answer>(carryOut: (order: Order) => Answer): void =>
  takeOrders((order: Order) => parentPort?.postMessage(carryOut(order)));
