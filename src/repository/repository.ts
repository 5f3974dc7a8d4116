import { isStorageError } from "../storage/errors.ts";
import { getIfPresent } from "../storage/get-if-present.ts";
import type { Storage } from "../storage/storage.ts";
import { createMemoryPool } from "../system/memory.ts";
import { type ConfigDocument, decodeConfig, newConfig, writeConfig } from "./config.ts";
import { randomMasterKey } from "./crypto.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { addKey, type OpenedKey, openKeys } from "./keys.ts";
import type { Repository } from "./types.ts";

/** `Initialising`: a key and nothing else, left by an initialisation (or a removal) that was interrupted. */
export type RepositoryState = "Absent" | "Initialising" | "Ready";

/**
 * What is in a store. Rejects with `RepositoryDamaged` where there is data but no `config`, and with the store's own error
 * where it cannot be asked: only a store that answered is ever called `Absent`.
 */
export async function repositoryState(storage: Storage): Promise<RepositoryState> {
  const config = await getIfPresent(storage, "config");
  if (config) return "Ready";
  const present = await foldersWithObjects(storage, ["snapshots/", "index/", "data/"]);
  if (present.length > 0) {
    // Where there is data, the first answer may have been stale.
    if (await getIfPresent(storage, "config")) return "Ready";
    throw damaged(
      `${storage.description} holds ${present.join(" and ")} but no config: it is a damaged repository. ` +
        "Bring config back from a copy, or use another place. Nothing was changed.",
    );
  }
  // A listing that is behind would give the place a second master key, and plain restic may come upon the one that opens nothing.
  for (let listing = 0; listing < 2; listing++) {
    if ((await foldersWithObjects(storage, ["keys/"])).length > 0) return "Initialising";
  }
  return "Absent";
}

export interface OpenOptions {
  readonly storage: Storage;
  readonly password: string;
}

/** Rejects with `RepositoryNotFound`, `WrongPassword` or `RepositoryDamaged`, or with the store's own error. */
export async function openRepository({ storage, password }: OpenOptions): Promise<Repository> {
  const sealed = (await getIfPresent(storage, "config")) ?? (await lookAgain(storage));
  for await (const key of openKeys(storage, password)) {
    const config = decodeConfig(sealed, key.master, storage.description);
    if (config) return repositoryOf(storage, key, config);
  }
  throw damaged(
    `The password opens a key of ${storage.description}, but not its config: one of the two is damaged or from another repository.`,
  );
}

/** The config that was not there a moment ago. Rejects where it is not there now either. */
async function lookAgain(storage: Storage): Promise<Buffer> {
  const state = await repositoryState(storage);
  if (state === "Ready") return storage.get("config");
  const why = state === "Absent" ? "there is nothing at this place" : "its initialisation was interrupted";
  throw new RepositoryError(
    "RepositoryNotFound",
    `There is no repository in ${storage.description}: ${why}. Run a backup first, or check the URL.`,
  );
}

export interface InitialiseOptions extends OpenOptions {
  /** Why no key may be made with the password, though it may open one: `InvalidConfiguration`, and nothing was written. */
  readonly passwordFlaw?: string | undefined;
  /** Recorded in the key file, for people. */
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
}

/**
 * Makes a repository where there is none, or finishes one whose initialisation was interrupted: then with the key that is
 * already there, because a second key with another master would make the repository unreadable. Where somebody else was
 * first, theirs is opened.
 */
export async function initialiseRepository(options: InitialiseOptions): Promise<Repository> {
  const { storage, password } = options;
  const state = await repositoryState(storage);
  if (state === "Ready") return openRepository(options);
  const existing = state === "Initialising" ? await firstKey(storage, password) : undefined;
  const key = existing ?? (await writeFirstKey(options));
  const config = newConfig();
  try {
    await writeConfig(storage, key.master, config);
  } catch (error) {
    if (!isStorageError(error, "AlreadyExists")) throw error;
    return openAnothers(options, key);
  }
  return repositoryOf(storage, key, config);
}

async function writeFirstKey({ storage, ...options }: InitialiseOptions): Promise<OpenedKey> {
  const { password, passwordFlaw, username, hostname } = options;
  const master = randomMasterKey();
  return { id: await addKey({ storage, password, passwordFlaw, master, username, hostname }), master };
}

async function firstKey(storage: Storage, password: string): Promise<OpenedKey | undefined> {
  for await (const key of openKeys(storage, password)) return key;
  return undefined;
}

/** `config` is there already: ours, if a repeated request was answered twice; else our key is of no use and has to go. */
async function openAnothers(options: InitialiseOptions, key: OpenedKey): Promise<Repository> {
  const { storage } = options;
  const sealed = await storage.get("config");
  const config = decodeConfig(sealed, key.master, storage.description);
  if (config) return repositoryOf(storage, key, config);
  await storage.delete(`keys/${key.id}`);
  return openRepository(options);
}

const repositoryOf = (storage: Storage, key: OpenedKey, config: ConfigDocument): Repository => ({
  storage,
  id: config.id,
  version: config.version,
  chunkerPolynomial: config.chunker_polynomial,
  keyId: key.id,
  master: key.master,
  memory: createMemoryPool(),
});

async function foldersWithObjects(storage: Storage, folders: readonly string[]): Promise<string[]> {
  const present: string[] = [];
  for (const folder of folders) {
    for await (const _ of storage.list(folder)) {
      present.push(folder);
      break;
    }
  }
  return present;
}
