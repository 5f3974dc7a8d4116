import type { RepositoryLocation } from "../contract/configs.ts";
import { InvalidLocationError } from "../storage/location.ts";
import { openStorage } from "../storage/open.ts";
import type { Storage } from "../storage/storage.ts";
import { tuneCollector } from "../system/collector.ts";
import { invalid } from "./failure.ts";
import { readPassword } from "./password.ts";

export interface OpenedLocation {
  readonly storage: Storage;
  readonly password: string;
  /** Why no key should be made with it: restic takes another password from the same file. */
  readonly passwordFlaw?: string | undefined;
}

/** Opens the stores of one task, and closes them all at its end. */
export interface Stores {
  /** Contacts nothing yet. Rejects with `PasswordMissing` or `InvalidConfiguration`. */
  open(location: RepositoryLocation): Promise<OpenedLocation>;
  /** Throws `PasswordMissing`. */
  password(location: RepositoryLocation): string;
  /** Without a password. */
  openStorage(location: RepositoryLocation): Promise<Storage>;
  closeAll(): void;
}

/** Once `signal` is aborted, only locks are taken back, and a store that does not answer is not waited for. */
export function createStores(signal: AbortSignal): Stores {
  const opened: Storage[] = [];
  const openOne = async (location: RepositoryLocation) => {
    const storage = await openStorage(location, { signal }).catch((error: unknown) => {
      throw error instanceof InvalidLocationError ? invalid(error.message, error) : error;
    });
    opened.push(storage);
    // By now the command is loaded, and what its store needs.
    tuneCollector();
    return storage;
  };
  const passwordOf = ({ passwordFile }: RepositoryLocation) => readPassword(passwordFile, process.env);
  return {
    async open(location) {
      const { password, passwordFlaw } = passwordOf(location);
      return { storage: await openOne(location), password, passwordFlaw };
    },
    password: (location) => passwordOf(location).password,
    openStorage: openOne,
    closeAll() {
      for (const storage of opened) storage.close();
    },
  };
}
