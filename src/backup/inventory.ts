import { readManifest, readState } from "../mirror/state.ts";
import { listDocuments } from "../repository/documents.ts";
import { isOfOnePart, RepositoryError } from "../repository/errors.ts";
import { openRepository, repositoryState } from "../repository/repository.ts";
import { readSnapshots } from "../repository/snapshots.ts";
import type { Id, Snapshot } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import type { BackupPlan, BackupTarget } from "./plan.ts";
import type { TargetResult } from "./target.ts";

export interface InventoryOptions {
  readonly plan: BackupPlan;
  readonly target: BackupTarget;
  readonly password: string;
  readonly notices: string[];
  /** The snapshot of this run: known to be there, though nobody could say so beforehand. */
  readonly written: Id | undefined;
}

type Inventory = Pick<TargetResult, "unknown" | "missing">;

/** As many are reported at a time: the rest turns up at the next run. */
const reported = 3;

/**
 * Compares the snapshots in all chains of the volume with those that are known. The backup is done when this runs, so that a
 * failure here is a notice and no failure of the target. A chain that cannot be opened costs what there is to say of it, and not of the others.
 */
export async function takeInventory(options: InventoryOptions): Promise<Inventory> {
  const { plan, target, notices } = options;
  if (!target.inventory) return {};
  try {
    const { storage } = await plan.open({ ...target.repository, url: target.inventory.url });
    try {
      return await compare(options, storage, target.inventory);
    } finally {
      storage.close();
    }
  } catch (error) {
    notices.push(`The volume's older chains could not be looked through: ${messageOf(error)}`);
    return {};
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function compare(
  { password, written, notices }: InventoryOptions,
  storage: Storage,
  { tags: own, known }: NonNullable<BackupTarget["inventory"]>,
): Promise<Inventory> {
  const unknown: NonNullable<Inventory["unknown"]> = [];
  const missing: string[] = [];
  const chains = new Set([...(await storage.listFolders("")), ...Object.keys(known)]);
  const lookInto = async (chain: string): Promise<void> => {
    const expected = known[chain] ?? [];
    const { present, read } = await snapshotsIn(storage.below(chain), password);
    missing.push(...expected.filter((id) => !present.has(id)));
    const recorded = new Set([...expected, written]);
    const news = await read([...present].filter((id) => !recorded.has(id)));
    for (const { id, time, tags = [] } of news) {
      if (own.every((tag) => tags.includes(tag))) unknown.push({ chain, snapshot: id, time, tags: [...tags] });
    }
  };
  for (const chain of [...chains].sort()) {
    try {
      await lookInto(chain);
    } catch (error) {
      // What is wrong with one chain, such as another password, hides nothing of the others; a store that fails would fail for each.
      if (!(error instanceof RepositoryError) && !isOfOnePart(error)) throw error;
      notices.push(`The volume's chain ${chain} could not be looked through: ${messageOf(error)}`);
    }
  }
  return {
    ...(unknown.length > 0 && { unknown: unknown.slice(0, reported) }),
    ...(missing.length > 0 && { missing: missing.slice(0, reported) }),
  };
}

interface Snapshots {
  readonly present: ReadonlySet<Id>;
  /** Oldest first. */
  readonly read: (ids: readonly Id[]) => Promise<readonly Snapshot[]>;
}

/** A mirror has one, its manifest. A folder that is nothing finished has none. */
async function snapshotsIn(storage: Storage, password: string): Promise<Snapshots> {
  const none: Snapshots = { present: new Set(), read: async () => [] };
  const mirror = await readState(storage);
  if (mirror) {
    if (mirror.phase === "Beginning") return none;
    const manifest = await readManifest(storage, mirror.manifest);
    return { present: new Set([manifest.id]), read: async (ids) => (ids.includes(manifest.id) ? [manifest] : []) };
  }
  if ((await repositoryState(storage)) !== "Ready") return none;
  const repository = await openRepository({ storage, password });
  const listed = await listDocuments(repository, "snapshots");
  return { present: new Set(listed.map(({ id }) => id)), read: (ids) => readSnapshots(repository, ids) };
}
