import { afterEach, expect, it } from "vitest";
import { programOf } from "./testing.ts";
import { startThread, type Thread, threadsBeside } from "./thread.ts";

const running: Thread<object>[] = [];
afterEach(() => Promise.all(running.splice(0).map((thread) => thread.end())));

/** A thread with this program, and what it reports first or fails with. */
function start(program: string) {
  const heard = Promise.withResolvers<unknown>();
  const thread = startThread<object, unknown>({
    program: programOf(program),
    patienceMilliseconds: 1000,
    onReport: heard.resolve,
    onFailure: heard.reject,
  });
  running.push(thread);
  return { thread, heard: heard.promise };
}

it("takes orders, shares memory, and reports", async () => {
  const { thread, heard } = start(
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", (order) => { new Uint8Array(order.memory)[0] = 5; parentPort.postMessage("seen"); })',
  );
  const memory = new SharedArrayBuffer(8);
  thread.give({ memory });
  expect(await heard).toBe("seen");
  expect(new Uint8Array(memory)[0]).toBe(5);
});

it("tells when it throws, and when it ends by itself", async () => {
  await expect(start("throw new Error('out of order')").heard).rejects.toThrow("out of order");
  await expect(start("process.exit(3)").heard).rejects.toThrow("ended by itself, with 3");
});

it("ends after what it has to do", async () => {
  const { thread, heard } = start(
    `import { parentPort } from "node:worker_threads";
     import { takeOrders } from ${JSON.stringify(new URL("./thread.ts", import.meta.url))};
     let done = 0;
     takeOrders(() => {
       for (const begun = Date.now(); Date.now() - begun < 100; );
       if (++done === 3) parentPort.postMessage("done");
     });`,
  );
  for (let order = 0; order < 3; order++) thread.give({});
  await thread.end();
  expect(await heard).toBe("done");
});

// A thread that is stopped while it loads native code takes the whole process with it.
it("may be ended at any moment of its start", async () => {
  const program = new URL("../repository/inspection-thread.ts", import.meta.url);
  const failures: unknown[] = [];
  for (let milliseconds = 0; milliseconds < 120; milliseconds += 6) {
    const thread = startThread<object, unknown>({
      program,
      onReport: () => {},
      onFailure: (error) => failures.push(error),
    });
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await thread.end();
  }
  expect(failures).toEqual([]);
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
