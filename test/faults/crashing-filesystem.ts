import { appendFileSync } from "node:fs";
import { filesystemStorage as realStorage } from "../../src/storage/filesystem.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { type CrashPoint, crashVariable, operationsVariable } from "./crash-point.ts";

const point = JSON.parse(process.env[crashVariable] ?? "{}") as Partial<CrashPoint>;
const record = process.env[operationsVariable];
let done = 0;

/** The process is gone in the middle of what it is doing, as when the kernel or a node takes it. */
const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable");
};

async function counted<T>(name: string, operation: () => Promise<T>): Promise<T> {
  const number = ++done;
  if (record) appendFileSync(record, `${name}\n`);
  if (number === point.operation && point.when === "before") die();
  const result = await operation();
  if (number === point.operation && point.when === "after") die();
  return result;
}

const crashing = (storage: Storage): Storage => ({
  ...storage,
  description: storage.description,
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
