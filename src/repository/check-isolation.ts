import type { CheckOptions } from "./check-options.ts";
import type { Findings } from "./findings.ts";
import { createIsolationWalk, isolatedAmong } from "./isolation.ts";
import type { IndexedRepository, Snapshot } from "./types.ts";

/**
 * Whether each Differential still depends on nothing but its Full and itself. That it does not is a hint: its data is there. Only
 * for a repository without damage.
 */
export async function checkIsolation(
  repository: IndexedRepository,
  snapshots: readonly Snapshot[],
  findings: Findings,
  { signal }: Pick<CheckOptions, "signal">,
): Promise<void> {
  let lacking = 0;
  const visit = createIsolationWalk({
    repository,
    isPresent: (location) => !findings.isDamagedCopy(location),
    signal,
    onBlob(_, chosen) {
      if (chosen < 0) lacking++;
    },
  });
  for (const isolated of isolatedAmong(snapshots)) {
    lacking = 0;
    await visit(isolated);
    if (lacking === 0) continue;
    findings.hints.push(
      `snapshot ${isolated.snapshot.id.slice(0, 8)} is a Differential, but needs ${lacking} blobs of packs that neither its Full nor itself is known to have ` +
        "written: restic's prune and rebuild-index forget who wrote what. No data is lost; Differentials of a new Full are independent again.",
    );
  }
}
