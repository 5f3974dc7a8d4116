import { randomBytes } from "node:crypto";
import type { Dirent } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { StorageError } from "./errors.ts";
import { describeFileError } from "./filesystem-errors.ts";
import { assertKey, normalisePrefix } from "./keys.ts";
import type { ByteRange, PutOptions, Storage, StoredObject } from "./storage.ts";

/** Names of files being written; a leading dot and this ending never occur in keys of ours. */
const temporaryEnding = ".holdfast-tmp";
const isTemporary = (name: string): boolean => name.startsWith(".") && name.endsWith(temporaryEnding);
/** No put takes this long, so an older temporary file is the remains of a killed process. */
const staleAfterMs = 24 * 3600_000;

interface Shared {
  /** Folders known to exist and to be durable. */
  readonly folders: Set<string>;
  /** Something was written, so we may also sweep up what a killed process left behind. */
  writing: boolean;
}

/** A folder as a store. It need not exist before the first put. Permissions are for the owner only, as restic's are. */
export function filesystemStorage(folder: string): Storage {
  return storageAt(folder, { folders: new Set(), writing: false });
}

function storageAt(root: string, shared: Shared): Storage {
  const description = pathToFileURL(root).href;
  const fail = (error: unknown, action: string, key: string) => describeFileError(error, action, join(root, key));
  const pathOf = (key: string): string => {
    assertKey(key);
    return join(root, key);
  };

  return {
    description,

    async get(key, range) {
      const path = pathOf(key);
      try {
        return await readObject(path, range);
      } catch (error) {
        throw fail(error, "read", key);
      }
    },

    async put(key, data, options = {}) {
      const path = pathOf(key);
      shared.writing = true;
      try {
        await writeObject({ path, data, options, shared });
      } catch (error) {
        throw fail(error, "write", key);
      }
    },

    async *list(prefix) {
      const cut = prefix.lastIndexOf("/") + 1;
      const folderKey = prefix.slice(0, cut);
      if (folderKey !== "") assertKey(folderKey.slice(0, -1));
      try {
        yield* walk({ root, folderKey, namePrefix: prefix.slice(cut), shared });
      } catch (error) {
        throw fail(error, "list", prefix);
      }
    },

    async listFolders(prefix) {
      if (prefix !== "") assertKey(prefix.slice(0, -1));
      try {
        const names: string[] = [];
        for (const entry of await readFolder(join(root, prefix))) {
          if (!(await isFolder(entry))) continue;
          // As in an object store, a folder without an object is not there.
          const inside = walk({ root, folderKey: `${prefix}${entry.name}/`, namePrefix: "", shared });
          if (!(await inside.next()).done) names.push(entry.name);
          await inside.return(undefined);
        }
        return names;
      } catch (error) {
        throw fail(error, "list", prefix);
      }
    },

    async delete(key) {
      const path = pathOf(key);
      try {
        await unlink(path);
      } catch (error) {
        if (!isMissing(error)) throw fail(error, "delete", key);
      }
      await removeEmptyFolders(dirname(path), root, shared);
    },

    below: (prefix) => storageAt(join(root, normalisePrefix(prefix)), shared),
    close() {},
  };
}

async function readObject(path: string, range: ByteRange | undefined): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const size = (await file.stat()).size;
    const { offset, length } = range ?? { offset: 0, length: size };
    if (offset + length > size) {
      throw new StorageError("Corrupted", `${path} has ${size} bytes, but ${length} from ${offset} were asked for`);
    }
    const buffer = Buffer.allocUnsafe(length);
    await readFully(file, buffer, offset, path);
    return buffer;
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, buffer: Buffer, offset: number, path: string): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, offset + done);
    if (bytesRead === 0) throw new StorageError("Corrupted", `${path} ended after ${offset + done} bytes`);
    done += bytesRead;
  }
}

/** A temporary name beside the object, its content made durable, then its name, then its folder. */
async function writeObject(request: {
  readonly path: string;
  readonly data: Uint8Array;
  readonly options: PutOptions;
  readonly shared: Shared;
}): Promise<void> {
  const { path, data, options, shared } = request;
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}${temporaryEnding}`);
  const file = await createIn(folder, temporary, shared);
  try {
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.ifAbsent) {
      await link(temporary, path);
      await unlink(temporary);
    } else {
      await rename(temporary, path);
    }
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** Somebody deleting the folder's last object may remove the folder between our making and using it. */
async function createIn(folder: string, temporary: string, shared: Shared): Promise<FileHandle> {
  for (let attempts = 1; ; attempts++) {
    await makeFolder(folder, shared);
    try {
      return await open(temporary, "wx", 0o600);
    } catch (error) {
      if (!isMissing(error) || attempts === 5) throw error;
      shared.folders.delete(folder);
    }
  }
}

async function makeFolder(folder: string, shared: Shared): Promise<void> {
  if (shared.folders.has(folder)) return;
  const firstMade = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (firstMade !== undefined) {
    for (let made = folder; ; made = dirname(made)) {
      await syncFolder(dirname(made));
      if (made === firstMade || made === dirname(made)) break;
    }
  }
  shared.folders.add(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeEmptyFolders(folder: string, root: string, shared: Shared): Promise<void> {
  for (let empty = folder; empty.startsWith(`${root}/`); empty = dirname(empty)) {
    try {
      await rmdir(empty);
    } catch {
      return;
    }
    shared.folders.delete(empty);
  }
}

async function* walk(at: {
  readonly root: string;
  readonly folderKey: string;
  readonly namePrefix: string;
  readonly shared: Shared;
}): AsyncGenerator<StoredObject, undefined, undefined> {
  const folder = join(at.root, at.folderKey);
  for (const entry of await readFolder(folder)) {
    if (!entry.name.startsWith(at.namePrefix)) continue;
    const path = join(folder, entry.name);
    if (isTemporary(entry.name)) {
      if (at.shared.writing) await sweep(path);
      continue;
    }
    const key = `${at.folderKey}${entry.name}`;
    if (await isFolder(entry)) {
      yield* walk({ ...at, folderKey: `${key}/`, namePrefix: "" });
      continue;
    }
    const status = await stat(path).catch(missingAsUndefined);
    if (status?.isFile()) yield { key, size: status.size };
  }
}

/** A folder, or a symbolic link to one: people move `data/` to another disk that way. */
async function isFolder(entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const status = await stat(join(entry.parentPath, entry.name)).catch(missingAsUndefined);
  return status?.isDirectory() ?? false;
}

const readFolder = async (folder: string): Promise<Dirent[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(missingAsUndefined)) ?? [];

async function sweep(path: string): Promise<void> {
  const status = await stat(path).catch(missingAsUndefined);
  if (status && Date.now() - status.mtimeMs > staleAfterMs) await unlink(path).catch(missingAsUndefined);
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

function missingAsUndefined(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
