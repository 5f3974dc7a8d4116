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
import { reuseFile, reuseNode, reuseTree, type SharedParent, sharedParent } from "./reuse.ts";
import type { FolderPart, Selection } from "./selection.ts";
import { isActive } from "./session.ts";
import { isOfSource, listNames, nodeOf, type SourceEntry, type SourceFacts, statOf, withAttributes } from "./source.ts";
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

const isTurnOver = (): boolean => performance.now() - turnStarted >= turnMilliseconds;

async function giveWay(): Promise<void> {
  await nextTurn();
  turnStarted = performance.now();
}

/**
 * Stores a folder and all below it in every session, and returns the id of its tree; undefined where only what is included is
 * taken and nothing of it is.
 */
export async function archiveFolder(archive: Archive, folder: Folder): Promise<Id | undefined> {
  const previous = await readParents(archive.sessions, folder.parents);
  const parent = sharedParent(archive.sessions, folder.parents, previous);
  const nodes: TreeNode[] = [];
  const names = listNames(archive.paths.own(folder.place));
  const markers = archive.selection.markersIn(names, (name) => archive.paths.entry(folder.place, name));
  const within = { ...folder, markers, previous, parent };
  for (const name of names) {
    assertGoingOn(archive);
    const seen = look(archive, name, within);
    // What has not changed is waited for by nobody: most entries of most backups.
    const node = seen && (reuseSeen(archive, seen, within) ?? (await archiveSeen(archive, seen, within)));
    if (node) nodes.push(node);
    if (isTurnOver()) await giveWay();
  }
  if (nodes.length === 0 && !folder.part.isWhole) return undefined;
  return reuseTree(archive.sessions, nodes, parent) ?? storeTree(archive, nodes);
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

/** The folder that is being read. */
interface Within extends Folder {
  readonly markers: readonly Marker[];
  readonly previous: ParentEntries;
  readonly parent: SharedParent | undefined;
}

/** An entry that is to be stored. */
interface Seen {
  readonly entry: SourceEntry;
  readonly node: TreeNode;
  readonly relative: string;
  readonly part: FolderPart;
}

/** Undefined where the entry is excluded, or could not be read and was noted as a failure. */
function look(archive: Archive, name: Buffer, within: Within): Seen | undefined {
  const relative = within.relative === "" ? name.toString() : `${within.relative}/${name}`;
  try {
    const path = archive.paths.entry(within.place, name);
    const stat = statOf(path);
    const [isFolder, size] = [stat.isDirectory(), stat.isFile() ? Number(stat.size) : 0];
    const verdict = archive.selection.judge({ name, relative, isFolder, size }, within);
    if (verdict.leftOutBy !== undefined) {
      archive.leftOut.add({ rule: verdict.leftOutBy, relative, bytes: size });
      return undefined;
    }
    const entry = { name, path, stat };
    const node = nodeOf(entry, archive);
    const isMark = within.markers.some((marker) => marker.name.equals(name));
    if (!isFolder && !isMark) archive.totals.entries++;
    return { entry, node, relative, part: verdict.part };
  } catch (error) {
    archive.failures.add(relative, error);
    return undefined;
  }
}

/** The node of a file in which nothing has changed, and which every target has. */
const reuseSeen = (archive: Archive, seen: Seen, { parent }: Within): TreeNode | undefined =>
  parent && seen.node.type === "file" ? reuseFile(archive, seen, parent) : undefined;

/** The node of an entry; undefined where it could not be read and was noted as a failure, or nothing of a folder is taken. */
async function archiveSeen(
  archive: Archive,
  { entry, node, relative, part }: Seen,
  { place: folder, previous, parent }: Within,
): Promise<TreeNode | undefined> {
  if (node.type === "file") return archiveFile(archive, { entry, node, relative, previous });
  const complete = withAttributes(node, entry.path);
  if (complete.error) archive.failures.add(relative, new Error(complete.error));
  if (node.type !== "dir") return reuseNode(complete, parent);
  const place = archive.paths.below(folder, entry.name);
  const stored = await archiveSubfolder(archive, { node: complete, place, relative, previous, part });
  return stored && reuseNode(stored, parent);
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
    if (!isOfSource(cause)) throw cause;
    // The folder itself is kept, empty, so that its owner and mode come back.
    archive.failures.add(relative, cause);
    error = `could not be read: ${causeOf(cause)}`;
    subtree = await storeTree(archive, []);
  }
  archive.totals.folders++;
  countFolder(archive.sessions, parents, subtree);
  return { ...node, subtree, ...(error && { error }) };
}
