import { decodeConfig } from "./config.ts";
import { damaged, RepositoryError, reasonOf } from "./errors.ts";
import { addKey, listKeys, maximumKeys, openKeys, readKey } from "./keys.ts";
import type { HeldLock } from "./locks.ts";
import { type OpenOptions, openRepository } from "./repository.ts";
import type { Id, Repository } from "./types.ts";
import { requireWritable } from "./writable.ts";

/** Changes of the passwords that open a repository. None of them rewrites data: every key file holds the same master key. */

export interface KeyDescription {
  readonly id: Id;
  /** As the key file says: RFC 3339, and who made it. */
  readonly created?: string | undefined;
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
  /** The repository was opened with it. */
  readonly current: boolean;
  /** Why the file is of no use, where it is damaged. */
  readonly problem?: string;
}

/** All key files, sorted by id. */
export async function describeKeys({ storage, keyId }: Repository): Promise<KeyDescription[]> {
  const keys: KeyDescription[] = [];
  for (const id of await listKeys(storage)) {
    const current = id === keyId;
    try {
      const { created, username, hostname } = await readKey(storage, id);
      keys.push({ id, created, username, hostname, current });
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      keys.push({ id, current, problem: error.message });
    }
  }
  return keys;
}

export interface AddPasswordOptions {
  readonly repository: Repository;
  readonly newPassword: string;
  /** Of the new one: why no key may be made with it, though it may open one. */
  readonly passwordFlaw?: string | undefined;
  /** Recorded in the key file, for people. */
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
}

export interface AddedKey {
  readonly id: Id;
  /** False where the new password opened the repository already. */
  readonly added: boolean;
}

/**
 * Lets one more password open the repository. When it resolves, that was shown: the new key was read back and opened `config`.
 * May be repeated after it was killed. Rejects with `InvalidConfiguration` where there are as many keys as programs try,
 * or the new password has a flaw.
 */
export async function addPassword({ repository, newPassword, ...more }: AddPasswordOptions): Promise<AddedKey> {
  requireWritable(repository);
  const { storage, master } = repository;
  const [existing] = await keysOpenedBy(repository, newPassword);
  if (existing) return { id: existing, added: false };
  const { length } = await listKeys(storage);
  if (length >= maximumKeys) {
    throw refused(
      `${storage.description} has ${length} keys, and no program tries more than ${maximumKeys}: remove one first.`,
    );
  }
  const id = await addKey({ storage, password: newPassword, master, ...more });
  if ((await keysOpenedBy(repository, newPassword, [id])).includes(id)) return { id, added: true };
  await storage.delete(`keys/${id}`);
  throw damaged(
    `The new key keys/${id} of ${storage.description} did not open the repository when it was read back, and was removed. Nothing else was changed: run check, then try again.`,
  );
}

export interface RemoveKeyOptions {
  readonly repository: Repository;
  /** Exclusive. */
  readonly lock: HeldLock;
  readonly key: Id;
  /** Passwords that are known to somebody: one of them must open the repository by another key. */
  readonly passwords: readonly string[];
}

/**
 * Removes a key, once a known password was shown to open `config` by another one; rejects with `InvalidConfiguration` where
 * none does, and nothing was changed. Resolves to the key that was shown to open.
 */
export async function removeKey({ repository, lock, key, passwords }: RemoveKeyOptions): Promise<Id> {
  demandExclusive(lock);
  const { storage } = repository;
  const staying = await findOther(repository, passwords, key);
  if (!staying) {
    const isLast = (await listKeys(storage)).every((id) => id === key);
    throw refused(
      isLast
        ? `The key ${key} is the last one of ${storage.description}: without it nobody could read the data. It was not removed.`
        : `The key ${key} of ${storage.description} was not removed: no password that was given opens the repository by another key. ` +
            "Give the password of one that stays, or add one first.",
    );
  }
  await lock.confirm();
  await storage.delete(`keys/${key}`);
  return staying;
}

/** The first one that is found: what cannot be read beside it does not matter then. Else that is what it rejects with. */
async function findOther(repository: Repository, passwords: readonly string[], key: Id): Promise<Id | undefined> {
  let unreadable: unknown;
  for (const password of passwords) {
    let found: Id | undefined;
    try {
      // To the last one, so that it takes as many requests whatever their ids are, which are random.
      for await (const id of keysThatOpen(repository, password)) if (id !== key) found ??= id;
    } catch (error) {
      if (reasonOf(error) !== "ObjectUnreadable") throw error;
      unreadable = error;
    }
    if (found) return found;
  }
  if (unreadable) throw unreadable;
  return undefined;
}

export interface RotateOptions extends AddPasswordOptions {
  /** Exclusive. */
  readonly lock: HeldLock;
  readonly oldPassword: string;
}

export interface Rotation {
  /** The key that the new password opens. */
  readonly key: Id;
  readonly added: boolean;
  /** All keys that the old password opened. Those of other passwords stay. */
  readonly removed: readonly Id[];
}

/**
 * Opens a repository whose password is to be rotated: by the new one where the old one opens nothing, because an earlier attempt was stopped
 * late. That alone does not show that the attempt had removed every key of the old one: `rotatePassword` looks.
 */
export async function openToRotate({
  storage,
  password,
  newPassword,
}: OpenOptions & { readonly newPassword: string }): Promise<Repository> {
  try {
    return await openRepository({ storage, password });
  } catch (error) {
    if (!(error instanceof RepositoryError) || error.reason !== "WrongPassword") throw error;
    return await openRepository({ storage, password: newPassword }).catch(() => {
      throw error;
    });
  }
}

/**
 * Puts a new password in the place of the old one: adds its key, shows that it opens `config`, and only then removes those of the
 * old one. Killed at any moment, at least one of the two passwords opens the repository, and repeating it finishes it.
 */
export async function rotatePassword({ lock, oldPassword, ...options }: RotateOptions): Promise<Rotation> {
  demandExclusive(lock);
  const { repository, newPassword } = options;
  if (newPassword === oldPassword) throw refused("The new password is the old one: nothing was changed.");
  await refuseUntriedKeys(repository);
  const { id: key, added } = await addPassword(options);
  const removed: Id[] = [];
  // Until it opens nothing twice in a row: one stale listing or one bad reading must not let the old password live on.
  for (let fruitless = 0; fruitless < 2; ) {
    const known = removed.length === 0 ? [repository.keyId] : [];
    const opened = (await keysOpenedBy(repository, oldPassword, known)).filter((id) => id !== key);
    for (const id of opened) await removeKey({ repository, lock, key: id, passwords: [newPassword] });
    removed.push(...opened);
    fruitless = opened.length === 0 ? fruitless + 1 : 0;
  }
  return { key, added, removed };
}

/** Among keys that are never tried could be one that the old password opens. */
async function refuseUntriedKeys({ storage }: Repository): Promise<void> {
  const { length } = await listKeys(storage);
  if (length <= maximumKeys) return;
  throw refused(
    `${storage.description} has ${length} keys, of which only ${maximumKeys} are tried: remove those that nobody needs first.`,
  );
}

/** All of them, or it rejects. */
const keysOpenedBy = (repository: Repository, password: string, known?: readonly Id[]): Promise<Id[]> =>
  Array.fromAsync(keysThatOpen(repository, password, known));

/** Ids of the keys by which `password` opens the `config` that is in the store now. Ends as `openKeys` does where one cannot be read. */
async function* keysThatOpen(repository: Repository, password: string, known?: readonly Id[]): AsyncGenerator<Id> {
  const { storage } = repository;
  const sealed = await storage.get("config");
  try {
    for await (const { id, master } of openKeys(storage, password, known)) {
      if (decodeConfig(sealed, master, storage.description)?.id === repository.id) yield id;
    }
  } catch (error) {
    if (reasonOf(error) !== "WrongPassword") throw error;
  }
}

function demandExclusive({ exclusive }: HeldLock): void {
  if (!exclusive) throw new TypeError("Removing keys takes an exclusive lock.");
}

const refused = (message: string): RepositoryError => new RepositoryError("InvalidConfiguration", message);
