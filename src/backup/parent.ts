import { isIncomplete } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";
import type { BackupPlan } from "./plan.ts";

/** The newest snapshot of the same host and path, one that is complete if there is any. `snapshots` are oldest first. */
export function chooseParent(
  snapshots: readonly Snapshot[],
  { hostname, path }: Pick<BackupPlan, "hostname" | "path">,
): Snapshot | undefined {
  const own = snapshots.filter(
    (snapshot) => snapshot.hostname === hostname && snapshot.paths.length === 1 && snapshot.paths[0] === path,
  );
  return own.findLast((snapshot) => !isIncomplete(snapshot)) ?? own.at(-1);
}
