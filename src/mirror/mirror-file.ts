import { closeFile, type OpenFile, openFile, readPart, statOpenFile } from "../backup/read-file.ts";
import { isFileSystemError, isSameState, nodeOf, type SourceEntry, withAttributes } from "../backup/source.ts";
import { isUnchanged } from "../backup/unchanged.ts";
import { idOf } from "../repository/crypto.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { hasSameContent } from "./changes.ts";
import { keyFor, objectOf, partBytes, stagedKey, withObject } from "./layout.ts";
import { isPointless, type Scan } from "./scan.ts";
import { uploadLarge } from "./upload-large.ts";

export interface FileEntry {
  readonly entry: SourceEntry;
  readonly node: TreeNode;
  /** Below the source: for people, and its bytes. */
  readonly relative: string;
  readonly path: Buffer;
  /** The file of this path in the mirror as it is. */
  readonly before: TreeNode | undefined;
}

/** The node of a file, its content in the store; undefined where it could not be read and was noted as a failure. */
export async function mirrorFile(scan: Scan, file: FileEntry): Promise<TreeNode | undefined> {
  const node = isKept(scan, file) ? keep(file) : await readSafely(scan, file);
  if (!node) return undefined;
  if (node.error) {
    scan.failures.add(file.relative, new Error(node.error));
    return undefined;
  }
  scan.totals.files++;
  scan.totals.bytes += node.size;
  const { before } = file;
  if (before && !hasSameContent(before, node)) {
    scan.replaced.files++;
    scan.replaced.bytes += before.size;
  }
  scan.onProgress(0);
  return node;
}

/** Neither was the file changed since the mirror was made, nor its object removed or cut by somebody. */
const isKept = (scan: Scan, file: FileEntry): boolean =>
  file.before !== undefined &&
  scan.before !== undefined &&
  isUnchanged(file.node, file.before, scan.before) &&
  isStored(scan, file, file.before);

const isStored = ({ presence }: Scan, { path }: FileEntry, before: TreeNode): boolean =>
  presence.has(objectOf(before, path), before.size);

const keep = ({ entry, node, path, before }: FileEntry): TreeNode =>
  withObject({ ...withAttributes(node, entry.path), content: before?.content ?? [] }, path);

async function readSafely(scan: Scan, file: FileEntry): Promise<TreeNode | undefined> {
  try {
    const first = await readOnce(scan, file);
    // A file that somebody writes to gets a second chance to be read in one state, unless it is long.
    return first.error && first.size <= partBytes ? await readOnce(scan, file) : first;
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
    scan.failures.add(file.relative, error);
    return undefined;
  }
}

async function readOnce(scan: Scan, file: FileEntry): Promise<TreeNode> {
  const { entry, path } = file;
  const opened = openFile(entry.path);
  try {
    if (!opened.stat.isFile()) return { ...file.node, error: "was replaced by something else while it was being read" };
    const size = Number(opened.stat.size);
    const bytes = size <= partBytes ? await readPart(opened, 0, size) : undefined;
    const content = bytes ? contentOf(scan, bytes) : await storeLarge(scan, file, opened);
    const node = withAttributes(nodeOf({ ...entry, stat: opened.stat }, scan), entry.path);
    const isStable = content.length === size && isSameState(opened.stat, statOpenFile(opened.descriptor));
    const whole = withObject({ ...node, content: content.ids }, path);
    if (!isStable) return { ...whole, error: "changed while it was being read" };
    // Only now: what goes into the store goes there beside us, and a second reading's object would come to the same place in any order.
    if (bytes) await storeSmall(scan, file, content, bytes);
    return whole;
  } finally {
    closeFile(opened);
  }
}

interface Content {
  readonly ids: readonly Id[];
  readonly length: number;
}

function contentOf(scan: Scan, bytes: Buffer): Content {
  scan.totals.bytesRead += bytes.length;
  return { ids: bytes.length === 0 ? [] : [idOf(bytes)], length: bytes.length };
}

/** Once for each path: what is put at the same place twice may be stored in any order. */
async function storeSmall(scan: Scan, file: FileEntry, content: Content, bytes: Buffer): Promise<void> {
  const key = placeFor(scan, file, content);
  if (key === undefined) return;
  await scan.uploads.put(key, bytes);
  scan.totals.bytesStored += bytes.length;
}

/** One that may be the same as before is read for comparison first: it is cheaper to read twice than to store in vain. */
async function storeLarge(scan: Scan, file: FileEntry, opened: OpenFile): Promise<Content> {
  const mayBeSame = file.before?.size === Number(opened.stat.size);
  const known = mayBeSame || isPointless(scan) ? await hashParts(scan, opened) : undefined;
  const key = placeFor(scan, file, known);
  if (key === undefined) return known ?? { ids: [], length: 0 };
  const content = await uploadLarge({ storage: scan.storage, key, file: opened, onPart: partRead(scan) });
  scan.totals.bytesStored += content.length;
  return content;
}

async function hashParts(scan: Scan, opened: OpenFile): Promise<Content> {
  const size = Number(opened.stat.size);
  const onPart = partRead(scan);
  const ids: Id[] = [];
  let length = 0;
  while (length < size) {
    const part = await readPart(opened, length, Math.min(partBytes, size - length));
    if (part.length === 0) break;
    ids.push(idOf(part));
    length += part.length;
    onPart(part.length, length);
  }
  return { ids, length };
}

const partRead =
  (scan: Scan) =>
  (bytes: number, done: number): void => {
    scan.totals.bytesRead += bytes;
    scan.signal.throwIfAborted();
    scan.onProgress(done);
  };

/**
 * Where content that was read is to be put; undefined where it is there already, or nothing of this run will count. An object that
 * is missing or cut is put right at once; one that is whole is not touched before the new manifest counts.
 */
function placeFor(scan: Scan, file: FileEntry, content: Content | undefined): string | undefined {
  const { before, path } = file;
  if (isPointless(scan)) return undefined;
  if (scan.isFirst) return keyFor(path);
  const isSame = content && before && hasSameContent(before, { ...before, size: content.length, content: content.ids });
  if (!isSame) return stagedKey(scan.generation, path);
  return isStored(scan, file, before) ? undefined : objectOf(before, path);
}
