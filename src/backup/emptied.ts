import { loadIndex } from "../repository/load-index.ts";
import { openRepository, repositoryState } from "../repository/repository.ts";
import { isIncomplete, listSnapshots } from "../repository/snapshots.ts";
import { readTree } from "../repository/tree.ts";
import type { Id, Repository, Snapshot } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import { newestOf } from "./parent.ts";
import type { BackupPlan, BackupTarget, ReadResult } from "./plan.ts";
import { type FolderReader, heldDataIn } from "./read-device.ts";

/** A source that holds nothing now. */
export interface EmptyQuestion {
  readonly plan: BackupPlan;
  readonly target: BackupTarget;
  readonly read: Pick<ReadResult, "isBlank" | "totals">;
  /** The newest snapshot in this repository, and what reads its folders. Rejects where that cannot be told. */
  readonly before: () => Promise<Snapshot | undefined>;
  readonly folders: FolderReader;
}

export interface EmptyDoubt {
  readonly reason: "SourceEmpty";
  readonly message: string;
}

/**
 * Why it is suspicious that a source holds nothing: it held something in the snapshot before, in this repository or, for the first one
 * in it, in the chain before. Undefined where the source holds something, or never did. Where what was before
 * cannot be read, that is the doubt; rejects only where the run is stopped.
 */
export async function doubtAboutEmptiness(question: EmptyQuestion): Promise<EmptyDoubt | undefined> {
  const { read, folders, plan } = question;
  if (!(read.isBlank ?? read.totals.entries === 0)) return undefined;
  try {
    const before = await question.before();
    const here = before && (await heldBefore(question, before, folders));
    if (here) return doubt(`${here} in the snapshot before${next(read)}`);
    if (before && !isIncomplete(before)) return undefined;
    return await doubtByEarlierChains(question);
  } catch (error) {
    plan.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : error;
    return doubt(`${state(read)}, and whether it held data before cannot be told${next(read)} The reason: ${why}`);
  }
}

/** The newest whole snapshot of the volume decides. Its other chains lie beside this one. */
async function doubtByEarlierChains(question: EmptyQuestion): Promise<EmptyDoubt | undefined> {
  const { plan, target, read } = question;
  if (!target.inventory) return undefined;
  const { storage, password } = await plan.open({ ...target.repository, url: target.inventory.url });
  try {
    const chains = (await storage.listFolders("")).toSorted().reverse();
    for (const chain of chains) {
      const repository = await repositoryIn(storage.below(chain), password);
      const newest = repository && newestOf(await listSnapshots(repository), plan);
      if (!newest || isIncomplete(newest)) continue;
      const held = await heldBefore(question, newest, lazyFolders(repository));
      return held
        ? doubt(`${held} in snapshot ${newest.id.slice(0, 8)} of the chain ${chain}${next(read)}`)
        : undefined;
    }
    return undefined;
  } finally {
    storage.close();
  }
}

/** Undefined where it is none: a mirror, or what an interrupted run began. */
const repositoryIn = async (storage: Storage, password: string): Promise<Repository | undefined> =>
  (await repositoryState(storage)) === "Ready" ? openRepository({ storage, password }) : undefined;

function lazyFolders(repository: Repository): FolderReader {
  let indexed: ReturnType<typeof loadIndex> | undefined;
  return {
    async readParentFolder(id) {
      indexed ??= loadIndex(repository);
      return readTree(await indexed, id);
    },
  };
}

/** What it is and was, as the beginning of a sentence; undefined where that snapshot holds nothing either. */
async function heldBefore(
  { plan, read }: EmptyQuestion,
  snapshot: Snapshot,
  folders: FolderReader,
): Promise<string | undefined> {
  if (read.isBlank)
    return (await heldDataIn(folders, snapshot, plan.path)) ? `${state(read)}, and held data` : undefined;
  // Restic before 0.17 writes no summary; and links or devices are no files.
  const files = snapshot.summary?.total_files_processed ?? 0;
  if (files === 0) return (await holdsEntries(folders, snapshot.tree)) ? `${state(read)}, and held data` : undefined;
  return `${state(read)}, and had ${files} files`;
}

/** Whether there is anything but folders, or a folder that cannot be read. Stops at the first. */
async function holdsEntries(folders: FolderReader, tree: Id): Promise<boolean> {
  const nodes = await folders.readParentFolder(tree);
  if (!nodes) return true;
  for (const { type, subtree } of nodes) {
    if (type !== "dir") return true;
    if (subtree !== undefined && (await holdsEntries(folders, subtree))) return true;
  }
  return false;
}

const state = ({ isBlank }: EmptyQuestion["read"]): string =>
  isBlank ? "The device holds nothing but zeros" : "The source is empty";

const next = ({ isBlank }: EmptyQuestion["read"]): string =>
  isBlank
    ? ": is it the right volume? If it should be blank, write something to it."
    : ": is the right volume mounted? If it should be empty, put a file into it.";

const doubt = (message: string): EmptyDoubt => ({ reason: "SourceEmpty", message });
