import {
  isDamageOrUnreadable,
  type PackBlob,
  readElsewhere,
  readPackBlobs,
  readSealedRanges,
  type StoredRange,
} from "../repository/blobs.ts";
import { readAhead, readTree } from "../repository/tree.ts";
import type { BlobLocation, Id, IndexedRepository, MasterKey, TreeNode } from "../repository/types.ts";
import type { Folder } from "../system/folders.ts";

/** What a restore and a comparison need of where a snapshot is kept: a repository, or a mirror. */
export interface Restorable {
  /** The entries of a folder, sorted by their names. Rejects with `RepositoryDamaged`, `ObjectUnreadable`, or the store's error. */
  readTree(id: Id): Promise<readonly TreeNode[]>;
  /** Told of folders that are going to be entered, so that they can be on their way. */
  readAhead?(nodes: readonly TreeNode[]): void;
  /** Where the content of a file lies, in order. */
  locate(folder: Folder, node: TreeNode): Located;
  /** Parts that lie in one object, verified; a damaged one is handed out as its error. */
  readParts(object: string, locations: readonly BlobLocation[]): AsyncIterable<PackBlob>;
  /** For whoever opens parts elsewhere; absent where they are not sealed. */
  readonly sealed?: SealedParts;
}

export interface SealedParts {
  readonly master: MasterKey;
  read(object: string, locations: readonly BlobLocation[]): AsyncIterable<StoredRange>;
  /** A part that is damaged in its object. */
  readElsewhere(location: BlobLocation): Promise<PackBlob>;
}

export type Located =
  | { readonly parts: readonly BlobLocation[]; readonly size: number }
  /** Why the content cannot be what it was. */
  | { readonly damage: string };

export function restorable(repository: IndexedRepository): Restorable {
  return {
    readTree: (id) => readTree(repository, id),
    readAhead: (nodes) => readAhead(repository, nodes),
    locate(_, node) {
      const parts: BlobLocation[] = [];
      for (const id of node.content ?? []) {
        const location = repository.index.find(id, "data");
        if (!location) return { damage: `its blob ${id} is in no index` };
        parts.push(location);
      }
      return sized(parts, node);
    },
    readParts: (pack, locations) => readPackBlobs({ repository, pack, locations }),
    sealed: {
      master: repository.master,
      read: (pack, locations) => readSealedRanges(repository, pack, locations, isDamageOrUnreadable),
      readElsewhere: (location) => readElsewhere(repository, location),
    },
  };
}

/** The parts, if they add up to the file. */
export function sized(parts: readonly BlobLocation[], node: TreeNode): Located {
  const size = parts.reduce((sum, { plainLength }) => sum + plainLength, 0);
  return size === node.size ? { parts, size } : { damage: `it has ${size} bytes of data instead of ${node.size}` };
}
