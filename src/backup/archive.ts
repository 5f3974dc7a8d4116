import { setImmediate as nextTurn } from "node:timers/promises";
import { idOf } from "../repository/crypto.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { causeOf } from "../system/cause.ts";
import { archiveFile } from "./archive-file.ts";
import { distribute, type Recipients } from "./distribute.ts";
import type { IsExcluded } from "./excludes.ts";
import type { Failures } from "./failures.ts";
import { countFolder, type ParentEntries, type ParentFolders, readParents, subfolders } from "./parents.ts";
import { isActive } from "./session.ts";
import {
  isFileSystemError,
  listNames,
  nodeOf,
  type SourceEntry,
  type SourceFacts,
  statOf,
  withAttributes,
} from "./source.ts";
import type { SourceFolder, SourcePaths } from "./source-paths.ts";

/** What one read of the source does and has done. */
export interface Archive extends Recipients, SourceFacts {
  readonly paths: SourcePaths;
  readonly isExcluded: IsExcluded;
  readonly failures: Failures;
  readonly signal: AbortSignal;
  /** Content of files with several names, by device and inode: read once. */
  readonly hardLinks: Map<string, readonly Id[]>;
  readonly totals: ArchiveTotals;
  /** Told how far it has come in the file that is being read, in bytes. */
  onProgress(bytesOfFile: number): void;
}

export interface ArchiveTotals {
  files: number;
  folders: number;
  /** Of all files, and what was really read of them. */
  bytes: number;
  bytesRead: number;
  /** Entries that are no folder: files, links, devices and so on. */
  entries: number;
}

export interface Folder {
  readonly place: SourceFolder;
  /** For people and excludes: below the source, without a slash in front; empty for the source itself. */
  readonly relative: string;
  readonly parents: ParentFolders;
}

/** How long this thread may be kept busy before uploads get a turn. */
const turnMilliseconds = 20;
let turnStarted = performance.now();

async function giveWay(): Promise<void> {
  if (performance.now() - turnStarted < turnMilliseconds) return;
  await nextTurn();
  turnStarted = performance.now();
}

/** Stores a folder and all below it in every session, and returns the id of its tree. */
export async function archiveFolder(archive: Archive, folder: Folder): Promise<Id> {
  const previous = await readParents(archive.sessions, folder.parents);
  const nodes: TreeNode[] = [];
  for (const name of listNames(archive.paths.own(folder.place))) {
    assertGoingOn(archive);
    const relative = folder.relative === "" ? name.toString() : `${folder.relative}/${name}`;
    const node = await archiveEntry(archive, { name, folder: folder.place, relative, previous });
    if (node) nodes.push(node);
    await giveWay();
  }
  const tree = encodeTree(nodes);
  const id = idOf(tree);
  await distribute(archive, "tree", id, tree);
  return id;
}

/** Throws when the run was stopped, or nobody is left to read for. */
export function assertGoingOn({ signal, sessions }: Archive): void {
  signal.throwIfAborted();
  if (!sessions.some(isActive)) throw new NobodyLeft();
}

/** Nobody is left to read for: each session has failed, or fell behind and has another read to come. */
export class NobodyLeft extends Error {}

interface Entry {
  readonly name: Buffer;
  readonly folder: SourceFolder;
  readonly relative: string;
  readonly previous: ParentEntries;
}

/** The node of one entry; undefined where it is excluded, or could not be read and was noted as a failure. */
async function archiveEntry(
  archive: Archive,
  { name, folder, relative, previous }: Entry,
): Promise<TreeNode | undefined> {
  let entry: SourceEntry;
  let node: TreeNode;
  try {
    const path = archive.paths.entry(folder, name);
    entry = { name, path, stat: statOf(path) };
    if (archive.isExcluded(relative, entry.stat.isDirectory())) return undefined;
    node = nodeOf(entry, archive);
  } catch (error) {
    archive.failures.add(relative, error);
    return undefined;
  }
  if (node.type !== "dir") archive.totals.entries++;
  if (node.type === "file") return archiveFile(archive, { entry, node, relative, previous });
  const complete = withAttributes(node, entry.path);
  if (complete.error) archive.failures.add(relative, new Error(complete.error));
  if (node.type !== "dir") return complete;
  const place = archive.paths.below(folder, name);
  return archiveSubfolder(archive, { node: complete, place, relative, previous });
}

interface Subfolder {
  readonly node: TreeNode;
  readonly place: SourceFolder;
  readonly relative: string;
  readonly previous: ParentEntries;
}

async function archiveSubfolder(archive: Archive, { node, place, relative, previous }: Subfolder): Promise<TreeNode> {
  archive.totals.folders++;
  const parents = subfolders(previous, node.name);
  let subtree: Id;
  let error: string | undefined;
  try {
    subtree = await archiveFolder(archive, { place, relative, parents });
  } catch (cause) {
    if (!isFileSystemError(cause)) throw cause;
    // The folder itself is kept, empty, so that its owner and mode come back.
    archive.failures.add(relative, cause);
    error = `could not be read: ${causeOf(cause)}`;
    const empty = encodeTree([]);
    subtree = idOf(empty);
    await distribute(archive, "tree", subtree, empty);
  }
  countFolder(archive.sessions, parents, subtree);
  return { ...node, subtree, ...(error && { error }) };
}
