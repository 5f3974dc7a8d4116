import { reasonOf } from "../repository/errors.ts";
import type { HeldLock } from "../repository/locks.ts";
import type { PackWriter } from "../repository/pack-writer.ts";
import type { PlainBlob } from "../repository/packing-pool.ts";
import { readAhead, readTree } from "../repository/tree.ts";
import { isOfOneFolder } from "../repository/tree-format.ts";
import type { BlobType, Id, IndexedRepository, Snapshot, TreeNode } from "../repository/types.ts";

/** One target during the shared read. A session that has failed takes nothing more; the others go on. */
export interface TargetSession {
  readonly name: string;
  readonly repository: IndexedRepository;
  readonly parent: Snapshot | undefined;
  readonly counts: NodeCounts;
  readonly notices: string[];
  readonly failure: { readonly error: unknown } | undefined;
  fail(error: unknown): void;
  /** It is over. A signal made of several keeps whoever listens to it, with all memory of packs, as long as the process lives. */
  end(): void;
  /** Milliseconds. */
  keptOthersWaiting: number;
  /** Too slow for the others: it takes nothing more of this read, and has another one afterwards. */
  readonly isBehind: boolean;
  fallBehind(): void;
  /** Begins a read: what was counted in one that it did not keep up with is void. */
  begin(): void;
  lacks(id: Id, type: BlobType): boolean;
  /** Never rejects: an error is the session's failure. Has taken what it needs of the blob when it returns its promise. */
  add(blob: PlainBlob): Promise<void>;
  /** A folder of the parent; undefined, with a notice, where it is damaged or cannot be read: then its files are read again. */
  readParentFolder(id: Id): Promise<readonly TreeNode[] | undefined>;
}

/** Compared with the target's own parent. */
export interface NodeCounts {
  filesNew: number;
  filesChanged: number;
  filesUnmodified: number;
  foldersNew: number;
  foldersChanged: number;
  foldersUnmodified: number;
}

const noCounts: Readonly<NodeCounts> = {
  filesNew: 0,
  filesChanged: 0,
  filesUnmodified: 0,
  foldersNew: 0,
  foldersChanged: 0,
  foldersUnmodified: 0,
};

export interface SessionOptions {
  readonly name: string;
  readonly repository: IndexedRepository;
  readonly writer: PackWriter;
  readonly lock: HeldLock;
  readonly parent: Snapshot | undefined;
  readonly notices: string[];
}

export function createSession({ name, repository, writer, lock, parent, notices }: SessionOptions): TargetSession {
  let failure: { readonly error: unknown } | undefined;
  let isBehind = false;
  /** Blobs that the index has and the store has lost or does not give out: they are written again, which heals the older snapshots too. */
  const damagedBlobs = new Set<string>();
  const counts: NodeCounts = { ...noCounts };
  const fail = (error: unknown): void => {
    failure ??= { error };
  };
  const onLost = (): void => fail(lock.signal.reason);
  lock.signal.addEventListener("abort", onLost, { once: true });
  if (lock.signal.aborted) fail(lock.signal.reason);

  return {
    name,
    repository,
    parent,
    notices,
    counts,
    keptOthersWaiting: 0,
    get isBehind() {
      return isBehind && failure === undefined;
    },
    fallBehind() {
      isBehind = true;
    },
    begin() {
      isBehind = false;
      this.keptOthersWaiting = 0;
      Object.assign(counts, noCounts);
    },
    get failure() {
      return failure;
    },
    fail,
    end: () => lock.signal.removeEventListener("abort", onLost),
    lacks: (id, type) => !failure && !isBehind && (!writer.has(id, type) || damagedBlobs.has(type + id)),
    async add(blob) {
      if (failure) return;
      damagedBlobs.delete(blob.type + blob.id);
      await writer.add(blob).catch(fail);
    },
    async readParentFolder(id) {
      try {
        const nodes = await readTree(repository, id);
        readAhead(repository, nodes);
        return nodes;
      } catch (error) {
        if (!isOfOneFolder(error)) {
          fail(error);
          return undefined;
        }
        damagedBlobs.add(`tree${id}`);
        const isDamaged = reasonOf(error) === "RepositoryDamaged";
        const what = isDamaged ? "The parent snapshot is damaged" : "A part of the parent snapshot cannot be read";
        notices.push(`${what} and was not relied on: ${error instanceof Error ? error.message : error}`);
        return undefined;
      }
    },
  };
}

/** Takes part in the read that is going on. */
export const isActive = (session: TargetSession): boolean => !session.failure && !session.isBehind;
