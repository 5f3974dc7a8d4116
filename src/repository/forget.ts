import { listDocuments } from "./documents.ts";
import type { HeldLock } from "./locks.ts";
import { removeSnapshot } from "./snapshots.ts";
import type { Id, Repository } from "./types.ts";

export interface ForgetOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  /** Full ids. One that is not there counts as removed. */
  readonly snapshots: readonly Id[];
}

/** Removes snapshots and returns how many were there. Their data stays until `prune`. */
export async function forgetSnapshots({ repository, lock, snapshots }: ForgetOptions): Promise<number> {
  const present = new Set((await listDocuments(repository, "snapshots")).map(({ id }) => id));
  const existing = [...new Set(snapshots)].filter((id) => present.has(id));
  if (existing.length > 0) await lock.confirm();
  for (const id of existing) {
    lock.signal.throwIfAborted();
    await removeSnapshot(repository, id);
  }
  return existing.length;
}
