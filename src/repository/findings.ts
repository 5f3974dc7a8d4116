import { isStorageError } from "../storage/errors.ts";
import type { BlobIndex } from "./blob-index.ts";
import { RepositoryError } from "./errors.ts";
import type { BlobLocation, BlobType, Id } from "./types.ts";

/** What a check has found so far. */
export interface Findings {
  readonly problems: string[];
  readonly hints: string[];
  /** Runs `read`; damage, and what cannot be read, becomes a problem, and the result undefined. Other errors are thrown. */
  noteDamage<T>(read: () => Promise<T>): Promise<T | undefined>;
  /** This copy of a blob is no good. */
  addDamagedCopy(location: BlobLocation): void;
  isDamagedCopy(location: BlobLocation): boolean;
  /** No copy of this blob is good, or there is none. */
  isLost(index: BlobIndex, id: Id, type: BlobType): boolean;
  readonly damagedCopies: number;
}

export function createFindings(): Findings {
  const problems: string[] = [];
  const damaged = new Set<string>();
  const keyOf = ({ id, type, pack }: BlobLocation): string => `${type} ${id} ${pack}`;
  return {
    problems,
    hints: [],
    async noteDamage(read) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof RepositoryError) && !isStorageError(error, "Unreadable")) throw error;
        problems.push(error.message);
        return undefined;
      }
    },
    addDamagedCopy: (location) => damaged.add(keyOf(location)),
    isDamagedCopy: (location) => damaged.has(keyOf(location)),
    isLost: (index, id, type) => index.findAll(id, type).every((copy) => damaged.has(keyOf(copy))),
    get damagedCopies() {
      return damaged.size;
    },
  };
}
