import { isOfOnePart } from "../repository/errors.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { displayPath } from "../restore/display-path.ts";
import type { Storage } from "../storage/storage.ts";
import type { Folder } from "../system/folders.ts";
import { layout } from "./layout.ts";
import { type OpenMirror, openMirror } from "./open.ts";
import { listObjects, mark, type Presence } from "./presence.ts";
import { innerTree } from "./trees.ts";

export interface MirrorCheckOptions {
  readonly storage: Storage;
  /** Reads every byte and compares it with its hash, too. */
  readonly readData: boolean;
  readonly onProgress?: (progress: { readonly filesDone: number; readonly bytesDone: number }) => void;
  readonly signal: AbortSignal;
}

export interface MirrorReport {
  readonly files: number;
  readonly bytes: number;
  /** Of what was read and is as it should be. */
  readonly bytesRead: number;
  /** Sentences; each is something that is not as it should be. */
  readonly problems: readonly string[];
  /** What a person may want to know, and what heals by itself. */
  readonly hints: readonly string[];
}

interface Check extends MirrorCheckOptions {
  readonly mirror: OpenMirror;
  readonly found: Presence;
  readonly expected: Set<number>;
  readonly problems: string[];
  readonly counts: { files: number; bytes: number; bytesRead: number };
}

/** Is every file of the manifest in the store, and nothing else where the files are? Hold a lock. */
export async function checkMirror(options: MirrorCheckOptions): Promise<MirrorReport> {
  const { storage } = options;
  const mirror = await openMirror(storage);
  const found = new Set<number>();
  const sizes = async (objects: AsyncIterable<{ readonly key: string; readonly size: number }>) => {
    for await (const { key, size } of objects) found.add(mark(key, size));
  };
  await sizes(listObjects(storage));
  if (mirror.isSettling) await sizes(storage.list(layout.staging));
  const check: Check = {
    ...options,
    mirror,
    found: { has: (key, size) => found.has(mark(key, size)) },
    expected: new Set(),
    problems: [],
    counts: { files: 0, bytes: 0, bytesRead: 0 },
  };
  const root: Folder = { name: Buffer.alloc(0), parent: undefined };
  const top = await innerTree({ read: mirror.readTree }, mirror.manifest.tree);
  await checkFolder(check, root, top);
  const hints: string[] = [];
  if (mirror.isSettling) hints.push("An interrupted run has files to bring to their places: the next run does it.");
  else await findStrays(check);
  return { ...check.counts, problems: check.problems, hints };
}

async function checkFolder(check: Check, folder: Folder, tree: Id): Promise<void> {
  let nodes: readonly TreeNode[];
  try {
    nodes = await check.mirror.readTree(tree);
  } catch (error) {
    if (!isOfOnePart(error)) throw error;
    check.problems.push(`${displayPath(folder)}: ${(error as Error).message}`);
    return;
  }
  for (const node of nodes) {
    check.signal.throwIfAborted();
    if (node.type === "file") await checkFile(check, folder, node);
    if (node.subtree) await checkFolder(check, { name: node.name, parent: folder }, node.subtree);
  }
}

async function checkFile(check: Check, folder: Folder, node: TreeNode): Promise<void> {
  const { mirror, found, expected, problems, counts } = check;
  const path = displayPath(folder, node.name);
  const located = mirror.locate(folder, node);
  counts.files++;
  counts.bytes += node.size;
  if ("damage" in located) {
    problems.push(`${path} is damaged: ${located.damage}.`);
    return;
  }
  const key = mirror.objectOf(folder, node);
  expected.add(mark(key, node.size));
  if (!found.has(key, node.size)) problems.push(`${path}: there is no object ${key} of ${node.size} bytes.`);
  else if (check.readData) {
    for await (const part of mirror.readParts(key, located.parts)) {
      if ("error" in part) problems.push(`${path}: ${part.error.message}`);
      else counts.bytesRead += part.location.length;
    }
  }
  check.onProgress?.({ filesDone: counts.files, bytesDone: counts.bytes });
}

/** Objects where the files are that no manifest names: somebody else put them there. */
async function findStrays({ storage, expected, problems }: Check): Promise<void> {
  for await (const { key, size } of listObjects(storage)) {
    if (!expected.has(mark(key, size))) problems.push(`${key} is in the store and not in the mirror.`);
  }
}
