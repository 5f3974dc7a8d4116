import { expect } from "vitest";
import type { StorageErrorKind } from "./errors.ts";
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
