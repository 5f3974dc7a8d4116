import type { Storage } from "../storage/storage.ts";
import type { ExtendedAttribute } from "../system/attributes.ts";
import type { MemoryPool } from "../system/memory.ts";
import type { BlobIndex } from "./blob-index.ts";
import type { PackCache } from "./pack-cache.ts";
import type { Owner } from "./provenance.ts";

/** Lowercase hex SHA-256: of the stored bytes for files, of the uncompressed plaintext for blobs. */
export type Id = string;

export type BlobType = "data" | "tree";

/** The symmetric keys of one repository, shared by all its passwords. Never logged. */
export interface MasterKey {
  /** 32 bytes, AES-256-CTR. */
  readonly encrypt: Buffer;
  /** 16 bytes each: the AES-128 key and the clamped multiplier of Poly1305-AES. */
  readonly macK: Buffer;
  readonly macR: Buffer;
}

/** A repository whose password was right and whose configuration was read. */
export interface Repository {
  readonly storage: Storage;
  /** From its `config`; stays the same for life. */
  readonly id: Id;
  readonly version: 1 | 2;
  /** Hex, without `0x`: restic cuts by it when it continues in this repository. */
  readonly chunkerPolynomial: string;
  /** The key file that the password opened. */
  readonly keyId: Id;
  readonly master: MasterKey;
  /** For pieces of packs on their way from the store. */
  readonly memory: MemoryPool;
}

/** A repository whose blobs can be found: what everything that reads or writes data takes. */
export interface IndexedRepository extends Repository {
  readonly index: BlobIndex;
  /** Packs of trees that were read lately, whole. */
  readonly packCache: PackCache;
}

/** Where one copy of a blob lies. Lengths in bytes. */
export interface BlobLocation {
  readonly id: Id;
  readonly type: BlobType;
  readonly pack: Id;
  /** Of the pack. Absent where nobody knows who wrote it: restic did, or it wrote the index anew. */
  readonly owner?: Owner;
  readonly offset: number;
  /** Of the sealed blob in the pack. */
  readonly length: number;
  /** Of the plaintext. */
  readonly plainLength: number;
  readonly compressed: boolean;
}

export type NodeType = "file" | "dir" | "symlink" | "dev" | "chardev" | "fifo" | "socket" | "irregular";

/** One entry of a folder as stored in a tree. Times are nanoseconds since 1970 (negative before). */
export interface TreeNode {
  /** The raw bytes of the name, as the file system gave them. Never empty, `.`, `..`, and without `/` or NUL. */
  readonly name: Buffer;
  readonly type: NodeType;
  /** Go's `FileMode`; see `mode.ts` for POSIX modes. */
  readonly mode: number;
  readonly mtime: bigint;
  readonly atime: bigint;
  readonly ctime: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
  readonly inode: bigint;
  /** Together with `inode` it tells which hard links are one file; 0 where it was not recorded. */
  readonly deviceId: bigint;
  /** Bytes; 0 for everything but files (restic itself also sets it on symlinks, sometimes). */
  readonly size: number;
  readonly links: number;
  readonly linkTarget?: Buffer;
  readonly extendedAttributes?: readonly ExtendedAttribute[];
  /** `st_rdev` of a device. */
  readonly device: bigint;
  /** Blobs of a file in order; undefined for everything else. */
  readonly content?: readonly Id[];
  /** Tree of a folder. */
  readonly subtree?: Id;
  /** Why it could not be read completely, as restic records it. */
  readonly error?: string;
  /** Fields we do not know, kept so that rewriting a tree loses nothing. */
  readonly unknown?: Readonly<Record<string, unknown>>;
}

/** The numbers restic 0.17 and later keep in a snapshot. */
export interface SnapshotSummary {
  readonly backup_start: string;
  readonly backup_end: string;
  readonly files_new: number;
  readonly files_changed: number;
  readonly files_unmodified: number;
  readonly dirs_new: number;
  readonly dirs_changed: number;
  readonly dirs_unmodified: number;
  readonly data_blobs: number;
  readonly tree_blobs: number;
  readonly data_added: number;
  readonly data_added_packed: number;
  readonly total_files_processed: number;
  readonly total_bytes_processed: number;
}

/** A snapshot as stored, in restic's own field names. */
export interface SnapshotDocument {
  /** RFC 3339 with up to nine fraction digits, any offset. */
  readonly time: string;
  readonly parent?: Id;
  readonly tree: Id;
  readonly paths: readonly string[];
  readonly hostname?: string;
  readonly username?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly excludes?: readonly string[];
  readonly tags?: readonly string[];
  readonly original?: Id;
  readonly program_version?: string;
  readonly summary?: SnapshotSummary;
}

export interface Snapshot extends SnapshotDocument {
  readonly id: Id;
}

/** A snapshot with this tag lacks paths that could not be read (or more): it never counts as a good copy. */
export const incompleteTag = "holdfast-incomplete";
