import { randomBytes } from "node:crypto";
import { idOf, isId } from "../repository/crypto.ts";
import { type HeldLock, type LockOptions, type LockPlace, type StoredLock, withLockAt } from "../repository/locks.ts";
import { isStorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { layout } from "./layout.ts";

/** Runs `work` while a lock of ours is in the mirror, by the rules that hold for repositories. */
export const withMirrorLock = <T>(
  storage: Storage,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> => withLockAt(locksOf(storage), options, work);

const locksOf = (storage: Storage): LockPlace => ({
  description: storage.description,
  remedy: `remove the objects below ${layout.locks}`,
  async list() {
    const found: StoredLock[] = [];
    for await (const { key, modified } of storage.list(layout.locks)) {
      const id = key.slice(layout.locks.length);
      if (isId(id)) found.push({ id, modified });
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  },
  async read(id) {
    try {
      return JSON.parse((await storage.get(`${layout.locks}${id}`)).toString());
    } catch (error) {
      if (isStorageError(error, "NotFound")) return undefined;
      if (isStorageError(error)) throw error;
      return null;
    }
  },
  async write(lock) {
    // Two holders in one millisecond must not write the same lock.
    const bytes = Buffer.from(JSON.stringify({ ...(lock as object), nonce: randomBytes(8).toString("hex") }));
    const id = idOf(bytes);
    await storage.put(`${layout.locks}${id}`, bytes);
    return id;
  },
  remove: (id) => storage.delete(`${layout.locks}${id}`),
});
