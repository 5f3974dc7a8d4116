import { runBackup } from "../../src/backup/run.ts";
import { loadIndex } from "../../src/repository/load-index.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { findSnapshot } from "../../src/repository/snapshots.ts";
import type { IndexedRepository, Snapshot } from "../../src/repository/types.ts";
import { type Restorable, restorable } from "../../src/restore/restorable.ts";
import { filesystemStorage } from "../../src/storage/filesystem.ts";

const password = "test password";

/** Backs a folder up, into a repository in a folder, and opens that. */
export async function backedUp(
  source: string,
  folder: string,
): Promise<{ readonly repository: IndexedRepository & Restorable; readonly snapshot: Snapshot }> {
  const storage = filesystemStorage(folder);
  const result = await runBackup({
    config: {
      source,
      type: "Incremental",
      tags: [],
      excludes: [],
      targets: [{ name: "test", repository: { url: `file://${folder}` }, expect: "Any" }],
      lock: { holder: "test", deadHolders: [], waitSeconds: 0 },
    },
    open: () => ({ storage, password }),
  });
  if (result.state !== "Good") throw new Error(`The backup is ${result.state}: ${JSON.stringify(result)}`);
  return opened(folder);
}

/** The repository in a folder as it is now, and its newest snapshot. */
export async function opened(folder: string) {
  const repository = await openRepository({ storage: filesystemStorage(folder), password });
  const snapshot = await findSnapshot(repository, "latest");
  const indexed = await loadIndex(repository);
  return { repository: { ...indexed, ...restorable(indexed) }, snapshot };
}
