import { afterEach, expect, it } from "vitest";
import { startThread, type Thread, threadsBeside } from "./thread.ts";

const running: Thread<unknown>[] = [];
afterEach(() => Promise.all(running.splice(0).map((thread) => thread.end())));

/** A thread with this program, and what it reports first or fails with. */
function start(program: string) {
  const heard = Promise.withResolvers<unknown>();
  const thread = startThread<unknown, unknown>({
    program: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    onReport: heard.resolve,
    onFailure: heard.reject,
  });
  running.push(thread);
  return { thread, heard: heard.promise };
}

it("takes orders with the memory that goes along, and reports", async () => {
  const { thread, heard } = start(
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", (order) => parentPort.postMessage(order))',
  );
  const memory = new ArrayBuffer(8);
  thread.give({ memory }, [memory]);
  expect(memory.byteLength).toBe(0);
  expect(await heard).toEqual({ memory: new ArrayBuffer(8) });
});

it("tells when it throws, and when it ends by itself", async () => {
  await expect(start("throw new Error('out of order')").heard).rejects.toThrow("out of order");
  await expect(start("process.exit(3)").heard).rejects.toThrow("ended by itself, with 3");
});

it("is no failure when it is ended", async () => {
  const { thread, heard } = start("setInterval(() => {}, 1000)");
  let isHeard = false;
  heard
    .catch(() => {})
    .finally(() => {
      isHeard = true;
    });
  await thread.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isHeard).toBe(false);
});

it("is worth while at least once, and a few times at most", () => {
  expect(threadsBeside()).toBeGreaterThanOrEqual(1);
  expect(threadsBeside()).toBeLessThanOrEqual(3);
});
