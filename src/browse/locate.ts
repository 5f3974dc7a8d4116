import { RepositoryError } from "../repository/errors.ts";
import type { Snapshot } from "../repository/types.ts";
import { findGiven, type Given } from "../restore/find-given.ts";
import type { Restorable } from "../restore/restorable.ts";
import { findStart } from "../restore/selection.ts";
import { safeText } from "./text.ts";

/** A place in a snapshot. */
export type Located = Omit<Given, "inside">;

/** What a path leads to, as for `restore --include`. Rejects with `PathNotFound` where there is nothing. */
export async function locate(source: Restorable, snapshot: Snapshot, path: string): Promise<Located> {
  const found = await findGiven(source, snapshot, await findStart(source, snapshot), path);
  if (found) return found;
  throw new RepositoryError(
    "PathNotFound",
    `«${safeText(path)}» is not in snapshot ${snapshot.id.slice(0, 8)}: look for it with ls or find.`,
  );
}
