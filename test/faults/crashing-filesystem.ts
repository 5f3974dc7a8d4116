import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { filesystemStorage as realStorage } from "../../src/storage/filesystem.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { type CrashPoint, crashVariable, operationsVariable } from "./crash-point.ts";

const point = JSON.parse(process.env[crashVariable] ?? "{}") as Partial<CrashPoint>;
const record = process.env[operationsVariable];
let done = 0;

/**
 * SIGKILL: the process is gone in the middle of what it is doing, as when the kernel or a node takes it. SIGTERM: it is told to end, as
 * when its pod is deleted, and has heard of it when this resolves. SIGSTOP: this resolves when it goes on.
 */
async function strike(): Promise<void> {
  process.kill(process.pid, point.signal ?? "SIGKILL");
  if (!point.signal) throw new Error("unreachable");
  await sleep(20);
}

async function counted<T>(name: string, operation: () => Promise<T>): Promise<T> {
  const number = ++done;
  if (record) appendFileSync(record, `${name}\n`);
  if (number === point.operation && point.when === "before") await strike();
  const result = await operation();
  if (number === point.operation && point.when === "after") await strike();
  return result;
}

/** A process that has to end by itself may be in the middle of reading, too. */
const reading = <T>(name: string, operation: () => Promise<T>): Promise<T> =>
  point.signal === "SIGTERM" ? counted(name, operation) : operation();

const crashing = (storage: Storage): Storage => ({
  ...storage,
  description: storage.description,
  get: (key, range, allocate) => reading(`get ${key}`, () => storage.get(key, range, allocate)),
  async *list(prefix) {
    yield* await reading(`list ${prefix}`, () => Array.fromAsync(storage.list(prefix)));
  },
  put: (key, data, options) => counted(`put ${key}`, () => storage.put(key, data, options)),
  copy: (from, to) => counted(`copy ${from} ${to}`, () => storage.copy(from, to)),
  upload: async (key) => {
    const upload = await counted(`upload ${key}`, () => storage.upload(key));
    return {
      add: (data) => counted(`add to ${key}`, () => upload.add(data)),
      complete: () => counted(`complete ${key}`, () => upload.complete()),
      abort: () => upload.abort(),
    };
  },
  delete: (key) => counted(`delete ${key}`, () => storage.delete(key)),
  below: (prefix) => crashing(storage.below(prefix)),
});

/** Stands in for the real one; see `crash-hook.ts`. */
export const filesystemStorage = (folder: string): Storage => crashing(realStorage(folder));
