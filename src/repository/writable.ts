import { RepositoryError } from "./errors.ts";
import type { Repository } from "./types.ts";

/**
 * Format 1 is read, never written: it has no compression, and may hold packs of older rules. Throws `FormatReadOnly`; ask before
 * any work that would end in a change.
 */
export function requireWritable({ version, storage }: Pick<Repository, "version" | "storage">): void {
  if (version !== 1) return;
  throw new RepositoryError(
    "FormatReadOnly",
    `${storage.description} is in restic's format 1, which Holdfast reads and checks but does not change. Nothing was changed. ` +
      "`restic migrate upgrade_repo_v2` makes it one of format 2; or use another place.",
  );
}
