import type { Dirent, Stats } from "node:fs";
import { type FileHandle, open, readdir, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Allocate } from "../system/memory.ts";
import { StorageError } from "./errors.ts";
import { describeFileError, isOfOneFile } from "./filesystem-errors.ts";
import {
  copyObject,
  isMissing,
  isTemporary,
  missingAsUndefined,
  type Shared,
  uploadObject,
  writeObject,
} from "./filesystem-write.ts";
import { assertKey, normalisePrefix } from "./keys.ts";
import type { ByteRange, Storage, StoredObject } from "./storage.ts";

/** No put takes this long, so an older temporary file is the remains of a killed process. */
const staleAfterMs = 24 * 3600_000;

/** Objects that cannot be read, one after the other: if there are more, it is the store that cannot be read. */
const mostUnreadable = 16;

/** Entries of a folder that are looked at together: one by one, each would wait for its turn. */
const statsAtATime = 64;

/** A folder as a store. It need not exist before the first put. Permissions are for the owner only, as restic's are. */
export function filesystemStorage(folder: string): Storage {
  return storageAt(folder, { folders: new Set(), writing: false, unreadable: new Set() });
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
    // While one waits for the disk, the other is written.
    concurrentPuts: 2,
    partsAreCheap: true,

    async get(key, range, allocate) {
      const path = pathOf(key);
      try {
        const bytes = await readObject(path, range, allocate);
        shared.unreadable.clear();
        return bytes;
      } catch (error) {
        throw isOfOneFile(error) ? unreadable(fail(error, "read", key), path, shared) : fail(error, "read", key);
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

    async copy(from, to) {
      const [source, path] = [pathOf(from), pathOf(to)];
      shared.writing = true;
      try {
        await copyObject(source, path, shared);
      } catch (error) {
        throw fail(error, "copy", from);
      }
    },

    async upload(key) {
      const path = pathOf(key);
      shared.writing = true;
      const withContext = async <T>(action: () => Promise<T>): Promise<T> => {
        try {
          return await action();
        } catch (error) {
          throw fail(error, "write", key);
        }
      };
      const upload = await withContext(() => uploadObject(path, shared));
      return {
        add: (data) => withContext(() => upload.add(data)),
        complete: () => withContext(() => upload.complete()),
        abort: () => withContext(() => upload.abort()),
      };
    },

    async abortUploads(prefix) {
      if (prefix !== "") assertKey(prefix.slice(0, -1));
      try {
        for await (const path of temporaries(join(root, prefix))) await unlink(path).catch(missingAsUndefined);
      } catch (error) {
        throw fail(error, "list", prefix);
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
        if (!isNoObject(error)) throw fail(error, "delete", key);
      }
      await removeEmptyFolders(dirname(path), root, shared);
    },

    below: (prefix) => storageAt(join(root, normalisePrefix(prefix)), shared),
    close() {},
  };
}

/** A disk that is gone, or a network filesystem that gave up waiting, says the same of every object as a bad sector does of one. */
function unreadable(error: StorageError, path: string, { unreadable: paths }: Shared): StorageError {
  paths.add(path);
  return paths.size > mostUnreadable ? error : new StorageError("Unreadable", error.message, { cause: error.cause });
}

async function readObject(
  path: string,
  range: ByteRange | undefined,
  allocate: Allocate = Buffer.allocUnsafe,
): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const size = (await file.stat()).size;
    const { offset, length } = range ?? { offset: 0, length: size };
    if (offset + length > size) {
      throw new StorageError("Corrupted", `${path} has ${size} bytes, but ${length} from ${offset} were asked for`);
    }
    const buffer = allocate(length);
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
  const entries = (await readFolder(folder)).filter(({ name }) => name.startsWith(at.namePrefix));
  for (let first = 0; first < entries.length; first += statsAtATime) {
    const some = await Promise.all(entries.slice(first, first + statsAtATime).map(lookAt));
    for (const { name, what } of some) {
      const key = `${at.folderKey}${name}`;
      if (isTemporary(name)) {
        if (at.shared.writing) await sweep(join(folder, name));
      } else if (what === "Folder") yield* walk({ ...at, folderKey: `${key}/`, namePrefix: "" });
      else if (what?.isFile()) yield { key, size: what.size, modified: what.mtimeMs };
    }
  }
}

async function* temporaries(folder: string): AsyncGenerator<string> {
  for (const entry of await readFolder(folder)) {
    const path = join(folder, entry.name);
    if (isTemporary(entry.name)) yield path;
    else if (await isFolder(entry)) yield* temporaries(path);
  }
}

/** Neither is a folder an object, nor is there one below a file. */
const isNoObject = (error: unknown): boolean =>
  isMissing(error) || ["EISDIR", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/** A folder may be a symbolic link to one: people move `data/` to another disk that way. Undefined for what is gone, or on its way. */
async function lookAt(entry: Dirent): Promise<{ readonly name: string; readonly what: "Folder" | Stats | undefined }> {
  const { name } = entry;
  if (entry.isDirectory()) return { name, what: "Folder" };
  if (isTemporary(name)) return { name, what: undefined };
  const status = await stat(join(entry.parentPath, name)).catch(missingAsUndefined);
  return { name, what: status?.isDirectory() ? "Folder" : status };
}

const isFolder = async (entry: Dirent): Promise<boolean> =>
  entry.isSymbolicLink() ? (await lookAt(entry)).what === "Folder" : entry.isDirectory();

const readFolder = async (folder: string): Promise<Dirent[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(missingAsUndefined)) ?? [];

async function sweep(path: string): Promise<void> {
  const status = await stat(path).catch(missingAsUndefined);
  if (status && Date.now() - status.mtimeMs > staleAfterMs) await unlink(path).catch(missingAsUndefined);
}
