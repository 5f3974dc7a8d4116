import { setImmediate as nextTurn } from "node:timers/promises";
import type { Failures } from "../backup/failures.ts";
import type { LeftOutCounter } from "../backup/left-out.ts";
import type { Marker } from "../backup/markers.ts";
import type { FolderPart, Selection } from "../backup/selection.ts";
import {
  isOfSource,
  listNames,
  nodeOf,
  type SourceEntry,
  type SourceFacts,
  statOf,
  withAttributes,
} from "../backup/source.ts";
import type { SourceFolder, SourcePaths } from "../backup/source-paths.ts";
import type { Id, Snapshot, TreeNode } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import type { Amount } from "./guard.ts";
import { pathBelow } from "./layout.ts";
import { mirrorFile } from "./mirror-file.ts";
import type { Presence } from "./presence.ts";
import type { Trees } from "./trees.ts";
import type { Uploads } from "./uploads.ts";

/** One reading of the source for one mirror. */
export interface Scan extends SourceFacts {
  readonly storage: Storage;
  readonly trees: Trees;
  readonly uploads: Uploads;
  readonly paths: SourcePaths;
  readonly selection: Selection;
  readonly leftOut: LeftOutCounter;
  readonly failures: Failures;
  readonly signal: AbortSignal;
  /** The mirror as it is, and what of it is really in the store. */
  readonly before: Snapshot | undefined;
  readonly presence: Presence;
  /** No mirror is here yet: files go to where they belong at once. */
  readonly isFirst: boolean;
  readonly generation: string;
  /** Files so far whose content is another one than in the mirror. */
  readonly replaced: { -readonly [Key in keyof Amount]: number };
  readonly totals: ScanTotals;
  /** The trees of all folders so far. */
  readonly reached: Set<Id>;
  /** Whether these alone are too much for the guard. */
  isTooMuch(replaced: Amount): boolean;
  /** Told how far it has come in the file that is being read, in bytes. */
  onProgress(bytesOfFile: number): void;
}

export interface ScanTotals {
  files: number;
  folders: number;
  /** Entries that are no folder, and not only mark one. */
  entries: number;
  /** Of all files, what was really read of them, and what was put into the store. */
  bytes: number;
  bytesRead: number;
  bytesStored: number;
}

/** This run will change nothing any more, and only counts and reports: what it stored would be thrown away. */
export const isPointless = (scan: Scan): boolean => scan.failures.count > 0 || scan.isTooMuch(scan.replaced);

export interface ScannedFolder {
  readonly place: SourceFolder;
  /** Below the source: for people and excludes, and its bytes. */
  readonly relative: string;
  readonly path: Buffer;
  /** The folder of this path in the mirror as it is. */
  readonly previous: Id | undefined;
  readonly part: FolderPart;
}

/** How long this thread may be kept busy before uploads get a turn. */
const turnMilliseconds = 20;

/** Stores a folder and all below it, and returns the id of its tree; undefined where it only leads to what is included, and nothing is. Rejects with an error of the source where it cannot be listed, or has too many entries. */
export async function scanFolder(scan: Scan, folder: ScannedFolder): Promise<Id | undefined> {
  const before = folder.previous === undefined ? [] : await scan.trees.read(folder.previous);
  scan.trees.prefetch(before.flatMap(({ subtree }) => subtree ?? []));
  const byName = new Map(before.map((node) => [node.name.toString("latin1"), node]));
  const nodes: TreeNode[] = [];
  let turnStarted = performance.now();
  const names = listNames(scan.paths.own(folder.place));
  const markers = scan.selection.markersIn(names, (name) => scan.paths.entry(folder.place, name));
  const within = { ...folder, markers };
  for (const name of names) {
    scan.signal.throwIfAborted();
    const node = await scanEntry(scan, within, name, byName.get(name.toString("latin1")));
    if (node) nodes.push(node);
    if (performance.now() - turnStarted < turnMilliseconds) continue;
    await nextTurn();
    turnStarted = performance.now();
  }
  if (nodes.length === 0 && !folder.part.isWhole) return undefined;
  const id = await scan.trees.write(nodes, folder.previous);
  scan.reached.add(id);
  return id;
}

/** Undefined where the entry is excluded, or could not be read and was noted as a failure. */
async function scanEntry(
  scan: Scan,
  folder: ScannedFolder & { readonly markers: readonly Marker[] },
  name: Buffer,
  before: TreeNode | undefined,
): Promise<TreeNode | undefined> {
  const relative = folder.relative === "" ? name.toString() : `${folder.relative}/${name}`;
  const path = pathBelow(folder.path, name);
  try {
    const at = scan.paths.entry(folder.place, name);
    const entry: SourceEntry = { name, path: at, stat: statOf(at) };
    const [isFolder, size] = [entry.stat.isDirectory(), entry.stat.isFile() ? Number(entry.stat.size) : 0];
    const verdict = scan.selection.judge({ name, relative, isFolder, size }, folder);
    if (verdict.leftOutBy !== undefined) {
      scan.leftOut.add({ rule: verdict.leftOutBy, relative, bytes: size });
      return undefined;
    }
    if (!isFolder && !folder.markers.some((marker) => marker.name.equals(name))) scan.totals.entries++;
    const node = nodeOf(entry, scan);
    if (node.type === "file") {
      return await mirrorFile(scan, {
        entry,
        node,
        relative,
        path,
        before: before?.type === "file" ? before : undefined,
      });
    }
    const complete = withAttributes(node, entry.path);
    if (complete.error) scan.failures.add(relative, new Error(complete.error));
    if (node.type !== "dir") return complete;
    const place = scan.paths.below(folder.place, name);
    const { part } = verdict;
    const subtree = await scanFolder(scan, { place, relative, path, previous: before?.subtree, part });
    if (!subtree) return undefined;
    scan.totals.folders++;
    return { ...complete, subtree };
  } catch (error) {
    if (!isOfSource(error)) throw error;
    scan.failures.add(relative, error);
    return undefined;
  }
}
