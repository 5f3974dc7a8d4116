import { isStorageError, StorageError } from "../storage/errors.ts";
import { readDocument } from "./documents.ts";
import type { Id, Repository } from "./types.ts";

/**
 * An index file as it was written. Rejects as `readDocument` does; where the store does not give it out, the error says what to do. Nobody goes on
 * without it: what it names would be missing for a restore, and be taken for nobody's by a prune.
 */
export async function readIndexFile(repository: Repository, id: Id): Promise<unknown> {
  try {
    return await readDocument(repository, "index", id);
  } catch (error) {
    if (!isStorageError(error, "Unreadable")) throw error;
    throw new StorageError(
      "Unreadable",
      `${error.message}. See to what it lies on, and try again. If this file is lost for good, remove index/${id} and run repair index before anything else: it makes the index anew from the packs`,
      { cause: error },
    );
  }
}
