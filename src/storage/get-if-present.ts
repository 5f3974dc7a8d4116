import { isStorageError } from "./errors.ts";
import type { Storage } from "./storage.ts";

/** The whole object; undefined where the store answered that it is not there. */
export async function getIfPresent(storage: Pick<Storage, "get">, key: string): Promise<Buffer | undefined> {
  try {
    return await storage.get(key);
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}
