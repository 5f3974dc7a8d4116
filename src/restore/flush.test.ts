import { expect, it } from "vitest";
import { createFlusher } from "./flush.ts";

/** Syncs that end when they are told to. */
function made() {
  const syncs: PromiseWithResolvers<void>[] = [];
  const sync = (descriptor: number) => {
    expect(descriptor).toBe(7);
    const begun = Promise.withResolvers<void>();
    syncs.push(begun);
    return begun.promise;
  };
  return { syncs, flusher: createFlusher(7, { sync, every: 100 }) };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

it("has the disk begin after so many bytes, once at a time", async () => {
  const { syncs, flusher } = made();
  flusher.written(99);
  expect(syncs).toHaveLength(0);
  flusher.written(1);
  expect(syncs).toHaveLength(1);
  flusher.written(1000);
  expect(syncs).toHaveLength(1);
  syncs[0]?.resolve();
  await turn();
  flusher.written(1);
  expect(syncs).toHaveLength(2);
});

it("finishes with what was written last, behind what is under way", async () => {
  const { syncs, flusher } = made();
  flusher.written(100);
  flusher.written(50);
  let isDone = false;
  const finished = flusher.finish().then(() => {
    isDone = true;
  });
  await turn();
  expect(syncs).toHaveLength(1);
  syncs[0]?.resolve();
  await turn();
  expect(syncs).toHaveLength(2);
  expect(isDone).toBe(false);
  syncs[1]?.resolve();
  await finished;
});

it("tells at once, and in the end, of an error that came up before, which the kernel tells once only", async () => {
  const { syncs, flusher } = made();
  flusher.written(100);
  syncs[0]?.reject(new Error("the disk is gone"));
  await turn();
  expect(() => flusher.written(1)).toThrow("the disk is gone");
  const finished = expect(flusher.finish()).rejects.toThrow("the disk is gone");
  await turn();
  syncs[1]?.resolve();
  await finished;
});
