import { readdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { RepositoryError } from "../repository/errors.ts";
import { makeFolders } from "../system/make-folders.ts";

/** What ext file systems put into their root by themselves. */
export const isLostAndFound = (name: Buffer | string): boolean => name.toString() === "lost+found";

/** Makes the target folder, or takes an empty one. Rejects with `TargetFolderNotEmpty` or `InvalidConfiguration`. */
export async function prepareTarget(target: string): Promise<void> {
  const names = await list(target);
  const [first] = names.filter((name) => !isLostAndFound(name));
  if (first === undefined) return;
  throw new RepositoryError(
    "TargetFolderNotEmpty",
    `${target} is not empty (it holds ${first}): nothing was restored. Choose an empty folder.`,
  );
}

/** Of a target that was empty. One that cannot be looked into any more may hold something. */
export function holdsAnything(target: string): boolean {
  try {
    return readdirSync(target).some((name) => !isLostAndFound(name));
  } catch {
    return true;
  }
}

async function list(target: string): Promise<string[]> {
  try {
    await makeFolders(target);
    return await readdir(target);
  } catch (cause) {
    const message = `${target} cannot be used as the target folder: ${(cause as Error).message}`;
    throw new RepositoryError("InvalidConfiguration", message, { cause });
  }
}
