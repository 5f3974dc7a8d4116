import { isDamageOrUnreadable, type PackBlob, readRanges } from "../repository/blobs.ts";
import { idOf } from "../repository/crypto.ts";
import { damaged, RepositoryError } from "../repository/errors.ts";
import type { BlobLocation, TreeNode } from "../repository/types.ts";
import { type Located, type Restorable, sized } from "../restore/restorable.ts";
import { isStorageError, type StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { Folder } from "../system/folders.ts";
import { createMemoryPool, type MemoryPool } from "../system/memory.ts";
import { partBytes, pathBelow } from "./layout.ts";
import type { Trees } from "./trees.ts";

export type ReaderStart = "Manifest" | "MirroredFolder";

export interface MirrorContent extends Restorable {
  /** The key at which the content of a file lies at this moment. */
  objectOf(folder: Folder, node: TreeNode): string;
}

/**
 * A mirror for whoever restores, compares or looks. `placeOf` says where the content of a file lies at this moment; `from` is the tree at which
 * the reader's folders begin: that of the manifest, or what is in the one folder it holds.
 */
export function mirrorRestorable(
  storage: Storage,
  trees: Pick<Trees, "read">,
  from: ReaderStart,
  placeOf: (node: TreeNode, path: Buffer) => string,
): MirrorContent {
  const memory = createMemoryPool();
  const keyOf = (folder: Folder, node: TreeNode) => placeOf(node, pathOf(folder, node.name, from));
  return {
    objectOf: keyOf,
    readTree: (id) => trees.read(id),
    locate: (folder, node) => locateParts(node, keyOf(folder, node)),
    readParts: (key, locations) => readParts({ storage, memory }, key, locations),
  };
}

function locateParts(node: TreeNode, key: string): Located {
  const { content = [], size } = node;
  const count = Math.ceil(size / partBytes);
  if (content.length !== count) return { damage: `it has ${content.length} parts instead of ${count}` };
  const parts = content.map((id, at): BlobLocation => {
    const offset = at * partBytes;
    const length = Math.min(partBytes, size - offset);
    return { id, type: "data", pack: key, offset, length, plainLength: length, compressed: false };
  });
  return sized(parts, node);
}

/** Several parts of a long file: they come one after the other. */
const longestRequest = 32 * 1024 * 1024;

/**
 * Each part compared with its hash, and good until the next one is asked for. One that is not what it was is handed out as its error, and
 * the others go on.
 */
async function* readParts(
  reader: { readonly storage: Storage; readonly memory: MemoryPool },
  key: string,
  locations: readonly BlobLocation[],
): AsyncGenerator<PackBlob> {
  let unreadable: StorageError | undefined;
  const passesOver = (error: unknown): boolean => {
    unreadable = isStorageError(error, "Unreadable") ? error : undefined;
    return isDamageOrUnreadable(error);
  };
  const ranges = readRanges(reader, key, locations, { longest: longestRequest, passesOver });
  for await (const { locations: group, start, bytes } of ranges) {
    for (const location of group) {
      const at = location.offset - start;
      const plaintext = bytes?.subarray(at, at + location.length);
      if (plaintext && idOf(plaintext) === location.id) yield { location, plaintext };
      else if (!bytes && unreadable) yield { location, error: cannotBeRead(unreadable) };
      else
        yield {
          location,
          error: damaged(`${key} of ${reader.storage.description} ${bytes ? "was changed" : "is missing or cut"}.`),
        };
    }
  }
}

const cannotBeRead = (cause: StorageError): RepositoryError =>
  new RepositoryError("ObjectUnreadable", cause.message, { cause });

/** Below the folder that was mirrored. */
function pathOf(folder: Folder, name: Buffer, from: ReaderStart): Buffer {
  const names = [name];
  for (let at = folder; at.parent; at = at.parent) names.push(at.name);
  if (from === "Manifest") names.pop();
  return names.reverse().reduce(pathBelow, Buffer.alloc(0));
}
