import type { Id, TreeNode } from "../repository/types.ts";
import { type Archive, assertGoingOn } from "./archive.ts";
import { type Content, type KnownContent, storeLacking, storeWhole } from "./content.ts";
import { nameKey, type ParentEntries } from "./parents.ts";
import { closeFile, type OpenFile, openFile, statOpenFile } from "./read-file.ts";
import type { TargetSession } from "./session.ts";
import { isFileSystemError, isSameState, nodeOf, type SourceEntry, withAttributes } from "./source.ts";
import { isUnchanged } from "./unchanged.ts";

export interface FileEntry {
  readonly entry: SourceEntry;
  readonly node: TreeNode;
  readonly relative: string;
  readonly previous: ParentEntries;
}

/** The node of a file with its content in every session; undefined where it could not be read and was noted as a failure. */
export async function archiveFile(archive: Archive, file: FileEntry): Promise<TreeNode | undefined> {
  const { totals, failures, hardLinks, sessions } = archive;
  const linkKey = hardLinkKey(file.entry);
  const known = knownContent(sessions, file);
  const ids = (linkKey && hardLinks.get(linkKey)) ?? known?.map(({ id }) => id);
  const isStored = ids && !sessions.some((session) => ids.some((id) => session.lacks(id, "data")));

  const node = isStored
    ? withAttributes({ ...file.node, content: ids }, file.entry.path)
    : await readSafely(archive, file, known);
  if (!node) return undefined;
  if (node.error) failures.add(file.relative, new Error(node.error));
  else if (linkKey && node.content) hardLinks.set(linkKey, node.content);
  totals.files++;
  totals.bytes += node.size;
  countFile(sessions, file);
  archive.onProgress(0);
  return node;
}

/** The same for all names of one file, as long as nobody writes to it. */
function hardLinkKey({ stat }: SourceEntry): string | undefined {
  return stat.nlink > 1n ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(":") : undefined;
}

/** The content that the file had in a parent snapshot, if it has not changed since; best from one whose target lacks none of it. */
function knownContent(sessions: readonly TargetSession[], { node, previous }: FileEntry): KnownContent | undefined {
  const key = nameKey(node.name);
  let best: KnownContent | undefined;
  for (const session of sessions) {
    const before = previous.get(session)?.get(key);
    if (!session.parent || !before?.content || !isUnchanged(node, before, session.parent)) continue;
    const content = withLengths(session, before.content);
    if (content && !content.some(({ id }) => session.lacks(id, "data"))) return content;
    best ??= content;
  }
  return best;
}

/** Undefined where the target's index does not have every chunk: then nobody knows where the next one begins. */
function withLengths({ repository }: TargetSession, ids: readonly Id[]): KnownContent | undefined {
  const known: { id: Id; length: number }[] = [];
  for (const id of ids) {
    const location = repository.index.find(id, "data");
    if (!location) return undefined;
    known.push({ id, length: location.plainLength });
  }
  return known;
}

async function readSafely(
  archive: Archive,
  file: FileEntry,
  known: KnownContent | undefined,
): Promise<TreeNode | undefined> {
  try {
    return await readStable(archive, file, known);
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
    archive.failures.add(file.relative, error);
    return undefined;
  }
}

/** A file that somebody writes to gets a second chance to be read in one state, unless it is longer than this. */
const retriedBytes = 64 * 1024 * 1024;

/** A file that changed while it was read is kept with an `error`: better than nothing, but never taken for good. */
async function readStable(archive: Archive, file: FileEntry, known: KnownContent | undefined): Promise<TreeNode> {
  const first = await readOnce(archive, file, known);
  if (!first.error || first.size > retriedBytes) return first;
  return readOnce(archive, file, undefined);
}

async function readOnce(
  archive: Archive,
  { entry, node }: FileEntry,
  known: KnownContent | undefined,
): Promise<TreeNode> {
  const file = openFile(entry.path);
  try {
    if (!file.stat.isFile())
      return { ...node, content: [], size: 0, error: "was replaced by something else while it was being read" };
    const expected = isSameState(file.stat, entry.stat) ? known : undefined;
    const content = await storeContent(archive, file, expected);
    const opened = withAttributes(nodeOf({ ...entry, stat: file.stat }, archive), entry.path);
    const isStable = isSameState(file.stat, statOpenFile(file.descriptor)) && content.length === opened.size;
    return {
      ...opened,
      size: content.length,
      content: content.ids,
      ...(!isStable && { error: "changed while it was being read" }),
    };
  } finally {
    closeFile(file);
  }
}

async function storeContent(archive: Archive, file: OpenFile, known: KnownContent | undefined): Promise<Content> {
  const goOn = (bytesDone: number): void => {
    assertGoingOn(archive);
    archive.onProgress(bytesDone);
  };
  const content =
    (known && (await storeLacking(archive, file, known, goOn))) ?? (await storeWhole(archive, file, goOn));
  archive.totals.bytesRead += content.bytesRead;
  return content;
}

function countFile(sessions: readonly TargetSession[], { node, previous }: FileEntry): void {
  for (const session of sessions) {
    const before = previous.get(session)?.get(nameKey(node.name));
    if (!before) session.counts.filesNew++;
    else if (session.parent && isUnchanged(node, before, session.parent)) session.counts.filesUnmodified++;
    else session.counts.filesChanged++;
  }
}
