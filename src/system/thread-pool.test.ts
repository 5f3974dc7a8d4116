import { afterEach, expect, it } from "vitest";
import { programOf, silentThread } from "./testing.ts";
import { createThreadPool, type ThreadPool } from "./thread-pool.ts";

interface Order {
  readonly bytes: Uint8Array;
  readonly add: number;
}

const pools: ThreadPool<Order, number>[] = [];
afterEach(() => Promise.all(pools.splice(0).map((each) => each.close())));

const sum = ({ bytes, add }: Order): number => bytes.reduce((total, byte) => total + byte, add);
const adding = `import { answerOrders } from ${JSON.stringify(new URL("./thread-pool.ts", import.meta.url))};
  answerOrders(({ bytes, add }) => bytes.reduce((total, byte) => total + byte, add));`;

function pool(program: URL, threads: number): ThreadPool<Order, number> {
  const made = createThreadPool<Order, number>({ program, threads, carryOut: sum });
  pools.push(made);
  return made;
}

it.each([0, 1, 3])("answers each order with its own answer, with %i threads", async (threads) => {
  const { carryOut } = pool(programOf(adding), threads);
  const bytes = new Uint8Array([1, 2, 3]);
  const orders = Array.from({ length: 50 }, (_, add) => carryOut({ bytes, add }));
  expect(await Promise.all(orders)).toEqual(Array.from({ length: 50 }, (_, add) => 6 + add));
  expect(bytes).toEqual(new Uint8Array([1, 2, 3]));
});

it("lets threads see shared memory, and gives them a copy of what is not", async () => {
  const changing = `import { answerOrders } from ${JSON.stringify(new URL("./thread-pool.ts", import.meta.url))};
    answerOrders(({ bytes }) => { bytes[0] = 7; return bytes.buffer.byteLength; });`;
  const { carryOut } = pool(programOf(changing), 1);
  const shared = Buffer.from(new SharedArrayBuffer(8), 2, 4);
  expect(await carryOut({ bytes: shared, add: 0 })).toBe(8);
  expect(shared[0]).toBe(7);
  const own = Buffer.from([9, 1, 2, 9]);
  expect(await carryOut({ bytes: own.subarray(1, 3), add: 0 })).toBe(2);
  expect([...own]).toEqual([9, 1, 2, 9]);
});

it("does itself what the threads have no time for", async () => {
  const { carryOut } = pool(silentThread, 2);
  let done = 0;
  for (let add = 0; add < 10; add++) {
    carryOut({ bytes: Buffer.of(1), add }).then(
      () => done++,
      () => {},
    );
  }
  await expect.poll(() => done).toBe(10 - 2 * 2);
});

it("fails what waits when it is closed, and everything after a thread has failed", async () => {
  const closed = pool(silentThread, 1);
  const waiting = closed.carryOut({ bytes: Buffer.of(1), add: 0 });
  const isRejected = expect(waiting).rejects.toThrow("ended");
  await closed.close();
  await isRejected;
  const failed = pool(programOf("throw new Error('out of order')"), 1);
  const order = () => failed.carryOut({ bytes: Buffer.of(1), add: 0 });
  await expect(order()).rejects.toThrow("out of order");
  await expect(order()).rejects.toThrow("out of order");
});

it("keeps the answers apart where an order cannot be sent", async () => {
  const { carryOut } = pool(programOf(adding), 1);
  const unsendable = { bytes: Buffer.of(1), add: (() => 1) as unknown as number };
  await expect(carryOut(unsendable)).rejects.toThrow(/could not be cloned/);
  expect(await carryOut({ bytes: Buffer.of(7), add: 1 })).toBe(8);
});
