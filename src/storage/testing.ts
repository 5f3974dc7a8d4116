import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { expect } from "vitest";
import { StorageError, type StorageErrorKind } from "./errors.ts";
import type { Storage, StoredObject } from "./storage.ts";

/** For tests of stores. */

/** Gives an empty store under test each time. */
export type Fresh = () => Promise<Storage>;

/** Everything below a prefix, by key. */
export async function listed(storage: Storage, prefix: string): Promise<Omit<StoredObject, "modified">[]> {
  const objects: Omit<StoredObject, "modified">[] = [];
  for await (const { key, size } of storage.list(prefix)) objects.push({ key, size });
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

export async function expectKind(promise: Promise<unknown>, kind: StorageErrorKind): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: "StorageError", kind });
}

export const first = <T>(iterable: AsyncIterable<T>): Promise<IteratorResult<T>> =>
  iterable[Symbol.asyncIterator]().next();

/** Starts it on loopback, and resolves with its port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A store that cannot read the byte at `at` of an object, as of a disk with a bad sector. */
export const withBadSector = (storage: Storage, object: string, at: number): Storage => ({
  ...storage,
  get(key, range, allocate) {
    const { offset, length } = range ?? { offset: 0, length: Number.POSITIVE_INFINITY };
    return key === object && offset <= at && at < offset + length
      ? Promise.reject(new StorageError("Unreadable", `Could not read ${key}: the disk reports an error (EIO)`))
      : storage.get(key, range, allocate);
  },
});
