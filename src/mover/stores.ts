import { openStorage } from "../storage/open.ts";
import type { Storage } from "../storage/storage.ts";
import type { RepositoryLocation } from "./contract.ts";
import { readPassword } from "./password.ts";

export interface OpenedLocation {
  readonly storage: Storage;
  readonly password: string;
}

/** Opens the stores of one task, and closes them all at its end. */
export interface Stores {
  /** Contacts nothing yet. Rejects with `PasswordMissing`, or `InvalidLocationError`. */
  open(location: RepositoryLocation): Promise<OpenedLocation>;
  /** Without a password. */
  openStorage(location: RepositoryLocation): Promise<Storage>;
  closeAll(): void;
}

export function createStores(): Stores {
  const opened: Storage[] = [];
  const openOne = async (location: RepositoryLocation) => {
    const storage = await openStorage(location);
    opened.push(storage);
    return storage;
  };
  return {
    async open(location) {
      const password = readPassword(location.passwordFile, process.env);
      return { storage: await openOne(location), password };
    },
    openStorage: openOne,
    closeAll() {
      for (const storage of opened) storage.close();
    },
  };
}
