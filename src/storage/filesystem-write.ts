import { randomBytes } from "node:crypto";
import { copyFile, type FileHandle, link, open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolders } from "../system/make-folders.ts";
import type { PutOptions, Upload } from "./storage.ts";

/** How a folder as a store writes: an object gets its name only when its content is on the disk. */

/** Names of files being written; a leading dot and this ending never occur in keys of ours. */
const temporaryEnding = ".holdfast-tmp";
export const isTemporary = (name: string): boolean => name.startsWith(".") && name.endsWith(temporaryEnding);

export interface Shared {
  /** Folders known to exist and to be durable. */
  readonly folders: Set<string>;
  /** Something was written, so we may also sweep up what a killed process left behind. */
  writing: boolean;
  /** Paths of objects that could not be read since one last could. */
  readonly unreadable: Set<string>;
}

const temporaryFor = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}${temporaryEnding}`);

/** A temporary name beside the object, its content made durable, then its name, then its folder. */
export async function writeObject(request: {
  readonly path: string;
  readonly data: Uint8Array;
  readonly options: PutOptions;
  readonly shared: Shared;
}): Promise<void> {
  const { path, data, options, shared } = request;
  const folder = dirname(path);
  const temporary = temporaryFor(path);
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
  await syncPath(folder);
}

/** Another name of the same file, which is never written to again; a real copy where they lie on two file systems. */
export async function copyObject(source: string, path: string, shared: Shared): Promise<void> {
  const folder = dirname(path);
  const temporary = temporaryFor(path);
  try {
    await inFolder(
      folder,
      shared,
      () => linkOrCopy(source, temporary),
      () => isThere(source),
    );
    await rename(temporary, path);
    // Where both are one file already, renaming leaves the temporary name.
    await unlink(temporary).catch(missingAsUndefined);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncPath(folder);
}

export async function uploadObject(path: string, shared: Shared): Promise<Upload> {
  const folder = dirname(path);
  const temporary = temporaryFor(path);
  const first = await createIn(folder, temporary, shared);
  await first.close();
  let position = 0;
  return {
    // Each part is opened anew: an upload that nobody ends then holds nothing open.
    async add(data) {
      const file = await open(temporary, "r+");
      try {
        for (let done = 0; done < data.length; ) {
          done += (await file.write(data, done, data.length - done, position + done)).bytesWritten;
        }
        await file.sync();
      } finally {
        await file.close();
      }
      position += data.length;
    },
    async complete() {
      await rename(temporary, path);
      await syncPath(folder);
    },
    abort: () => unlink(temporary).catch(missingAsUndefined),
  };
}

const createIn = (folder: string, temporary: string, shared: Shared): Promise<FileHandle> =>
  inFolder(
    folder,
    shared,
    () => open(temporary, "wx", 0o600),
    async () => true,
  );

/**
 * Makes something in a folder, which is made, too. Somebody deleting the folder's last object may remove the folder between our making
 * and using it. `isWorthIt` tells whether it can be that which is missing.
 */
async function inFolder<T>(
  folder: string,
  shared: Shared,
  make: () => Promise<T>,
  isWorthIt: () => Promise<boolean>,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      await makeFolder(folder, shared);
      return await make();
    } catch (error) {
      if (!isMissing(error) || attempts === 5 || !(await isWorthIt())) throw error;
      shared.folders.delete(folder);
    }
  }
}

/** Another file system, one that has no links, or a file that has all it may have. */
const cannotLink: readonly (string | undefined)[] = ["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

async function linkOrCopy(source: string, temporary: string): Promise<void> {
  try {
    await link(source, temporary);
  } catch (error) {
    if (!cannotLink.includes((error as NodeJS.ErrnoException).code)) throw error;
    await copyFile(source, temporary);
    await syncPath(temporary);
  }
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(missingAsUndefined)) !== undefined;

async function makeFolder(folder: string, shared: Shared): Promise<void> {
  if (shared.folders.has(folder)) return;
  const firstMade = await makeFolders(folder, 0o700);
  if (firstMade !== undefined) {
    for (let made = folder; ; made = dirname(made)) {
      await syncPath(dirname(made));
      if (made === firstMade || made === dirname(made)) break;
    }
  }
  shared.folders.add(folder);
}

async function syncPath(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

export function missingAsUndefined(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
