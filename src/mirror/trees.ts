import { compress, decompress } from "../repository/compression.ts";
import { idOf } from "../repository/crypto.ts";
import { damaged } from "../repository/errors.ts";
import { decodeTree, encodeTree } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { isStorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { treeKey } from "./layout.ts";

/**
 * The entries of folders, in the form that restic's trees have, each folder a document of its own that is named by its hash and compressed
 * with zstd. A folder in which nothing changed is not stored again.
 */
export interface Trees {
  /** Rejects with `RepositoryDamaged`, or with the store's error. */
  read(id: Id): Promise<readonly TreeNode[]>;
  /** Begins to fetch what will be read soon, as far as that does no harm. */
  prefetch(ids: Iterable<Id>): void;
  /** Stores the folder, unless it is `known` to be there. */
  write(nodes: readonly TreeNode[], known?: Id): Promise<Id>;
}

/** No folder of ours comes near; a document that claims more is not unpacked. */
const maximumBytes = 1024 * 1024 * 1024;
/** Bytes of folders that were read or written lately: a run looks at what changed three times. */
const keptBytes = 32 * 1024 * 1024;
/** A store answers many small requests at once as fast as one. */
const prefetchedAtOnce = 16;

export function openTrees(storage: Storage): Trees {
  const kept = new Map<Id, Buffer>();
  const coming = new Map<Id, Promise<Buffer | undefined>>();
  let size = 0;
  const keep = (id: Id, bytes: Buffer): void => {
    if (kept.has(id) || bytes.length > keptBytes) return;
    kept.set(id, bytes);
    size += bytes.length;
    for (const [oldest, old] of kept) {
      if (size <= keptBytes) return;
      kept.delete(oldest);
      size -= old.length;
    }
  };
  return {
    async read(id) {
      const bytes = kept.get(id) ?? (await coming.get(id)) ?? (await fetchTree(storage, id));
      keep(id, bytes);
      return decodeTree(bytes, `The folder ${id} of the mirror ${storage.description}`);
    },
    prefetch(ids) {
      for (const id of ids) {
        if (coming.size >= prefetchedAtOnce) return;
        if (kept.has(id) || coming.has(id)) continue;
        // Whoever reads it asks again, and is told what is wrong.
        const fetching = fetchTree(storage, id)
          .then((bytes) => {
            keep(id, bytes);
            return bytes;
          })
          .catch(() => undefined)
          .finally(() => coming.delete(id));
        coming.set(id, fetching);
      }
    },
    async write(nodes, known) {
      const bytes = encodeTree(nodes);
      const id = idOf(bytes);
      if (id !== known) await storage.put(treeKey(id), compress(bytes));
      keep(id, bytes);
      return id;
    },
  };
}

async function fetchTree(storage: Storage, id: Id): Promise<Buffer> {
  const where = `${treeKey(id)} of the mirror ${storage.description}`;
  let stored: Buffer;
  try {
    stored = await storage.get(treeKey(id));
  } catch (error) {
    if (isStorageError(error, "NotFound")) throw damaged(`${where} is missing.`, error);
    throw error;
  }
  let bytes: Buffer;
  try {
    bytes = decompress(stored, maximumBytes);
  } catch (cause) {
    throw damaged(`${where} cannot be unpacked.`, cause);
  }
  if (idOf(bytes) !== id) throw damaged(`${where} is damaged: its content does not fit its name.`);
  return bytes;
}

/**
 * A manifest's outermost tree has one entry, the folder that was mirrored, with its owner, mode and times. Gives the tree of
 * what is in it.
 */
export async function innerTree(trees: Pick<Trees, "read">, outermost: Id): Promise<Id> {
  const [node] = await trees.read(outermost);
  if (node?.subtree) return node.subtree;
  throw damaged(`The folder ${outermost} of the mirror is no outermost one.`);
}
