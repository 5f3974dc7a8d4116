import { getIfPresent } from "../storage/get-if-present.ts";
import { listDocuments } from "./documents.ts";
import type { HeldLock } from "./locks.ts";
import { removeSnapshot } from "./snapshots.ts";
import type { Id, Repository } from "./types.ts";
import { whileOurs } from "./while-ours.ts";

export interface ForgetOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  /** Full ids. One that is not there counts as removed. */
  readonly snapshots: readonly Id[];
  /** Told of each one that was there and is gone. */
  readonly onRemoved?: (snapshot: Id) => void;
}

/** Removes snapshots and returns how many were there. Their data stays until `prune`. */
export async function forgetSnapshots({ repository, lock, snapshots, onRemoved }: ForgetOptions): Promise<number> {
  const present = new Set((await listDocuments(repository, "snapshots")).map(({ id }) => id));
  const existing: Id[] = [];
  for (const id of new Set(snapshots)) {
    // A listing may be stale, and «removed» must be true.
    if (present.has(id) || (await getIfPresent(repository.storage, `snapshots/${id}`))) existing.push(id);
  }
  if (existing.length > 0) await lock.confirm();
  const assertOurs = whileOurs(lock);
  for (const id of existing) {
    await assertOurs();
    await removeSnapshot(repository, id);
    onRemoved?.(id);
  }
  return existing.length;
}
