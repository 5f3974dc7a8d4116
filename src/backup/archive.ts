import { setImmediate as nextTurn } from "node:timers/promises";
import { idOf } from "../repository/crypto.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { causeOf } from "../system/cause.ts";
import { archiveFile } from "./archive-file.ts";
import { distribute, type Recipients } from "./distribute.ts";
import type { Failures } from "./failures.ts";
import type { LeftOutCounter } from "./left-out.ts";
import type { Marker } from "./markers.ts";
import { countFolder, type ParentEntries, type ParentFolders, readParents, subfolders } from "./parents.ts";
import type { FolderPart, Selection } from "./selection.ts";
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
  readonly selection: Selection;
  readonly leftOut: LeftOutCounter;
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
  /** Entries that are no folder: files, links, devices and so on; without those that only mark a folder. */
  entries: number;
}

export interface Folder {
  readonly place: SourceFolder;
  /** For people and excludes: below the source, without a slash in front; empty for the source itself. */
  readonly relative: string;
  readonly parents: ParentFolders;
  readonly part: FolderPart;
}

/** How long this thread may be kept busy before uploads get a turn. */
const turnMilliseconds = 20;
let turnStarted = performance.now();

async function giveWay(): Promise<void> {
  if (performance.now() - turnStarted < turnMilliseconds) return;
  await nextTurn();
  turnStarted = performance.now();
}

/**
 * Stores a folder and all below it in every session, and returns the id of its tree; undefined where only what is included is
 * taken and nothing of it is.
 */
export async function archiveFolder(archive: Archive, folder: Folder): Promise<Id | undefined> {
  const previous = await readParents(archive.sessions, folder.parents);
  const nodes: TreeNode[] = [];
  const names = listNames(archive.paths.own(folder.place));
  const markers = archive.selection.markersIn(names, (name) => archive.paths.entry(folder.place, name));
  const within = { ...folder, markers };
  for (const name of names) {
    assertGoingOn(archive);
    const relative = folder.relative === "" ? name.toString() : `${folder.relative}/${name}`;
    const node = await archiveEntry(archive, { name, within, relative, previous });
    if (node) nodes.push(node);
    await giveWay();
  }
  if (nodes.length === 0 && !folder.part.isWhole) return undefined;
  return storeTree(archive, nodes);
}

/** Stores a folder's nodes in every session, and returns the id of its tree. */
export async function storeTree(archive: Archive, nodes: readonly TreeNode[]): Promise<Id> {
  const tree = encodeTree(nodes);
  const id = idOf(tree);
  await distribute(archive, "tree", id, tree);
  return id;
}

/** Throws when the run was stopped, or nobody is left to read for. */
export function assertGoingOn({ signal, sessions }: Pick<Archive, "signal" | "sessions">): void {
  signal.throwIfAborted();
  if (!sessions.some(isActive)) throw new NobodyLeft();
}

/** Nobody is left to read for: each session has failed, or fell behind and has another read to come. */
export class NobodyLeft extends Error {}

interface Entry {
  readonly name: Buffer;
  readonly within: Pick<Folder, "place" | "part"> & { readonly markers: readonly Marker[] };
  readonly relative: string;
  readonly previous: ParentEntries;
}

/** The node of one entry; undefined where it is excluded, or could not be read and was noted as a failure. */
async function archiveEntry(
  archive: Archive,
  { name, within, relative, previous }: Entry,
): Promise<TreeNode | undefined> {
  let entry: SourceEntry;
  let node: TreeNode;
  let part: FolderPart;
  try {
    const path = archive.paths.entry(within.place, name);
    entry = { name, path, stat: statOf(path) };
    const { stat } = entry;
    const [isFolder, size] = [stat.isDirectory(), stat.isFile() ? Number(stat.size) : 0];
    const verdict = archive.selection.judge({ name, relative, isFolder, size }, within);
    if (verdict.leftOutBy !== undefined) {
      archive.leftOut.add({ rule: verdict.leftOutBy, relative, bytes: size });
      return undefined;
    }
    part = verdict.part;
    node = nodeOf(entry, archive);
  } catch (error) {
    archive.failures.add(relative, error);
    return undefined;
  }
  const isMark = within.markers.some((marker) => marker.name.equals(name));
  if (node.type !== "dir" && !isMark) archive.totals.entries++;
  if (node.type === "file") return archiveFile(archive, { entry, node, relative, previous });
  const complete = withAttributes(node, entry.path);
  if (complete.error) archive.failures.add(relative, new Error(complete.error));
  if (node.type !== "dir") return complete;
  const place = archive.paths.below(within.place, name);
  return archiveSubfolder(archive, { node: complete, place, relative, previous, part });
}

interface Subfolder {
  readonly node: TreeNode;
  readonly place: SourceFolder;
  readonly relative: string;
  readonly previous: ParentEntries;
  readonly part: FolderPart;
}

async function archiveSubfolder(
  archive: Archive,
  { node, place, relative, previous, part }: Subfolder,
): Promise<TreeNode | undefined> {
  const parents = subfolders(previous, node.name);
  let subtree: Id | undefined;
  let error: string | undefined;
  try {
    subtree = await archiveFolder(archive, { place, relative, parents, part });
    if (!subtree) return undefined;
  } catch (cause) {
    if (!isFileSystemError(cause)) throw cause;
    // The folder itself is kept, empty, so that its owner and mode come back.
    archive.failures.add(relative, cause);
    error = `could not be read: ${causeOf(cause)}`;
    subtree = await storeTree(archive, []);
  }
  archive.totals.folders++;
  countFolder(archive.sessions, parents, subtree);
  return { ...node, subtree, ...(error && { error }) };
}
