import { isStorageError } from "../storage/errors.ts";
import { checkIsolation } from "./check-isolation.ts";
import type { CheckOptions } from "./check-options.ts";
import { compareCopies, comparePacks, readPacks } from "./check-packs.ts";
import { checkTrees } from "./check-trees.ts";
import { listDocuments } from "./documents.ts";
import { RepositoryError } from "./errors.ts";
import { type AffectedFile, findAffected } from "./find-affected.ts";
import { createFindings, type Findings } from "./findings.ts";
import { groupByPack } from "./group-by-pack.ts";
import { listKeys, readKey } from "./keys.ts";
import { loadIndex } from "./load-index.ts";
import { byTime, readSnapshot } from "./snapshots.ts";
import type { IndexedRepository, Repository, Snapshot } from "./types.ts";

export interface CheckReport {
  /** Data is or may be lost. Empty for a sound repository. */
  readonly problems: readonly string[];
  /** Nothing is lost: what killed runs left behind, which `prune` removes, and the like. */
  readonly hints: readonly string[];
  /** Files that the problems touch, in the snapshots that have them; the first hundred. */
  readonly affected: readonly AffectedFile[];
  readonly snapshots: number;
  readonly packs: number;
  readonly blobs: number;
  readonly bytesRead: number;
}

/**
 * Looks for damage: every snapshot, tree and index is read, and every blob they need must lie in a pack of the right size; with
 * `readData` every byte of the packs is read and compared. Rejects only where the store cannot be asked.
 */
export async function checkRepository(options: CheckOptions): Promise<CheckReport> {
  const { repository, readData = false } = options;
  const findings = createFindings();
  await checkKeys(repository, findings);
  const snapshots = await checkSnapshots(repository, findings);
  const indexed = await loadIndexOrSay(repository, findings);
  if (!indexed) return reportOf(findings, { snapshots: snapshots.length });

  const groups = groupByPack(indexed.index);
  const packs = await comparePacks(indexed, groups, findings);
  compareCopies(indexed, findings);
  await checkTrees(indexed, snapshots, findings, options);
  const bytesRead =
    readData === false ? 0 : await readPacks(indexed, groups, findings, { ...options, readData, packs });
  if (findings.problems.length === 0) await checkIsolation(indexed, snapshots, findings, options);
  const affected = await findAffected(indexed, snapshots, findings);
  const { size } = indexed.index;
  return reportOf(findings, {
    snapshots: snapshots.length,
    packs: groups.packs.length,
    blobs: size,
    bytesRead,
    affected,
  });
}

const reportOf = ({ problems, hints }: Findings, rest: Partial<CheckReport>): CheckReport => ({
  affected: [],
  snapshots: 0,
  packs: 0,
  blobs: 0,
  bytesRead: 0,
  ...rest,
  problems,
  hints,
});

/** The key that opened the repository is good; the others are somebody else's way in. */
async function checkKeys({ storage }: Repository, findings: Findings): Promise<void> {
  for (const id of await listKeys(storage)) {
    await findings.noteDamage(() => readKey(storage, id));
  }
}

async function checkSnapshots(repository: Repository, findings: Findings): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const { id } of await listDocuments(repository, "snapshots")) {
    const snapshot = await findings.noteDamage(() => readSnapshot(repository, id));
    if (snapshot) snapshots.push(snapshot);
  }
  return snapshots.sort(byTime);
}

async function loadIndexOrSay(repository: Repository, findings: Findings): Promise<IndexedRepository | undefined> {
  try {
    return await loadIndex(repository);
  } catch (error) {
    const isUnreadable = isStorageError(error, "Unreadable");
    if (!isUnreadable && !(error instanceof RepositoryError)) throw error;
    const advice = isUnreadable ? "see to what it lies on" : "repair it from the packs";
    findings.problems.push(error.message, `Without its index nothing more can be checked: ${advice} first.`);
    return undefined;
  }
}
