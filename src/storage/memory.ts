import type { Allocate } from "../system/memory.ts";
import { StorageError } from "./errors.ts";
import { assertKey } from "./keys.ts";
import type { Storage, StoredObject } from "./storage.ts";

/** When an object was put, in milliseconds since 1970; one that a test has put into the Map itself has no date. */
const stored = new WeakMap<Buffer, number>();

function copyOf(bytes: Buffer, allocate: Allocate = Buffer.allocUnsafe): Buffer {
  const copy = allocate(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Objects in a Map: for unit tests, and for faults to be built on. `objects` may be looked at and changed at will. */
export function memoryStorage(
  objects: Map<string, Buffer> = new Map(),
  prefix = "",
): Storage & { readonly objects: Map<string, Buffer> } {
  const description = `memory://${prefix}`;
  const store = (key: string, object: Buffer) => {
    stored.set(object, Date.now());
    objects.set(prefix + key, object);
  };
  return {
    description,
    concurrentPuts: 2,
    partsAreCheap: true,
    objects,
    async get(key, range, allocate) {
      assertKey(key);
      const object = objects.get(prefix + key);
      if (!object) throw new StorageError("NotFound", `There is no ${key} in ${description}.`);
      if (!range) return copyOf(object, allocate);
      const part = object.subarray(range.offset, range.offset + range.length);
      if (part.length !== range.length) {
        throw new StorageError(
          "Corrupted",
          `${key} in ${description} has ${object.length} bytes: too short for ${range.length} bytes at ${range.offset}.`,
        );
      }
      return copyOf(part, allocate);
    },
    async put(key, data, options) {
      assertKey(key);
      if (options?.ifAbsent && objects.has(prefix + key)) {
        throw new StorageError("AlreadyExists", `${key} exists already in ${description}.`);
      }
      store(key, Buffer.from(data));
    },
    async copy(from, to) {
      assertKey(to);
      await this.put(to, await this.get(from));
    },
    async upload(key) {
      assertKey(key);
      const parts: Buffer[] = [];
      return {
        async add(data) {
          parts.push(Buffer.from(data));
        },
        async complete() {
          store(key, Buffer.concat(parts));
        },
        async abort() {},
      };
    },
    async abortUploads() {},
    async *list(below) {
      const found: StoredObject[] = [];
      for (const [key, object] of objects) {
        if (!key.startsWith(prefix + below)) continue;
        found.push({ key: key.slice(prefix.length), size: object.length, modified: stored.get(object) ?? 0 });
      }
      yield* found;
    },
    async listFolders(below) {
      const names = new Set<string>();
      for (const key of objects.keys()) {
        if (!key.startsWith(prefix + below)) continue;
        const [name, ...rest] = key.slice((prefix + below).length).split("/");
        if (name && rest.length > 0) names.add(name);
      }
      return [...names].sort();
    },
    async delete(key) {
      objects.delete(prefix + key);
    },
    below(folder) {
      return memoryStorage(objects, `${prefix}${folder.replace(/\/$/, "")}/`);
    },
    close() {},
  };
}
