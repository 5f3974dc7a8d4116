import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it. Resolves with the first one that was made, or undefined. Node says of a file system that is
 * read-only that there is no such file: then what the system itself says is thrown.
 */
export async function makeFolders(path: string, mode = 0o777): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true, mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const missing = await highestMissing(path);
    const isMade = await mkdir(missing, { mode }).then(() => true, othersWereFaster);
    const made = await mkdir(path, { recursive: true, mode });
    return isMade ? missing : made;
  }
}

function othersWereFaster(error: NodeJS.ErrnoException): false {
  if (error.code !== "EEXIST") throw error;
  return false;
}

async function highestMissing(path: string): Promise<string> {
  let missing = path;
  for (let above = dirname(path); above !== missing; above = dirname(above)) {
    if (await stat(above).catch(() => undefined)) return missing;
    missing = above;
  }
  return missing;
}
