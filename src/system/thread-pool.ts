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
   * Has an order carried out, by a thread or, where each has enough to do, by this one. Its bytes must stay as they are until then; those that are not in
   * shared memory are copied for a thread. Rejects once a thread has failed.
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

interface Pending<Order, Answer> extends PromiseWithResolvers<Answer> {
  readonly order: Order;
}

interface Hand<Order, Answer> {
  readonly thread: Thread<Order>;
  /** Who waits for its answers, in their order. */
  readonly waiting: Pending<Order, Answer>[];
}

export function createThreadPool<Order extends BytesOrder, Answer>({
  program,
  threads,
  carryOut,
}: ThreadPoolOptions<Order, Answer>): ThreadPool<Order, Answer> {
  /** What nobody has begun with. */
  const queue: Pending<Order, Answer>[] = [];
  let failure: { readonly error: unknown } | undefined;
  let isWorking = false;

  const fail = (waiting: Pending<Order, Answer>[], error: unknown): void => {
    failure ??= { error };
    for (const { reject } of [...waiting.splice(0), ...queue.splice(0)]) reject(error);
  };
  const startHand = (): Hand<Order, Answer> => {
    const waiting: Pending<Order, Answer>[] = [];
    const thread = startThread<Order, Answer>({
      program,
      onReport: (answer) => {
        waiting.shift()?.resolve(answer);
        handOut();
      },
      onFailure: (error) => fail(waiting, error),
    });
    return { thread, waiting };
  };
  const hands = Array.from({ length: threads }, startHand);

  const give = ({ thread, waiting }: Hand<Order, Answer>, pending: Pending<Order, Answer>): void => {
    const { order } = pending;
    try {
      thread.give({ ...order, bytes: sharable(order.bytes) });
      waiting.push(pending);
    } catch (error) {
      pending.reject(error);
    }
  };
  const handOut = (): void => {
    for (;;) {
      const [hand] = hands.toSorted((a, b) => a.waiting.length - b.waiting.length);
      if (!hand || hand.waiting.length >= ordersAhead) return;
      const pending = queue.shift();
      if (!pending) return;
      give(hand, pending);
    }
  };
  /** Does what the threads have no time for. They are heard before each order, and so is whoever brings bytes, which only this thread can do. */
  const work = async (): Promise<void> => {
    isWorking = true;
    for (;;) {
      await nextTurn();
      const pending = queue.shift();
      if (!pending) break;
      try {
        pending.resolve(carryOut(pending.order));
      } catch (error) {
        pending.reject(error);
      }
    }
    isWorking = false;
  };

  return {
    async carryOut(order) {
      if (failure) throw failure.error;
      const pending = { order, ...Promise.withResolvers<Answer>() };
      queue.push(pending);
      handOut();
      if (!isWorking && queue.length > 0) void work();
      return pending.promise;
    },
    async close() {
      await Promise.all(hands.map(({ thread }) => thread.end()));
      const unanswered = hands.flatMap(({ waiting }) => waiting.splice(0));
      fail(unanswered, new Error("The threads were ended."));
    },
  };
}

/** What a thread of a pool runs. An error ends the thread, and is the pool's failure. */
export const answerOrders = <Order extends BytesOrder, Answer>(carryOut: (order: Order) => Answer): void =>
  takeOrders((order: Order) => parentPort?.postMessage(carryOut(order)));
