import { memoryStorage } from "../storage/memory.ts";
import { idOf } from "./crypto.ts";
import { loadIndex } from "./load-index.ts";
import type { LockOptions } from "./locks.ts";
import type { PackSinkOptions } from "./pack-sink.ts";
import { createPackWriter, type PackWriter } from "./pack-writer.ts";
import { createPackingPool } from "./packing-pool.ts";
import { type Provenance, scopeOf, withProvenance } from "./provenance.ts";
import { initialiseRepository } from "./repository.ts";
import { saveSnapshot } from "./snapshots.ts";
import { encodeTree } from "./tree-format.ts";
import type { Id, Repository, Snapshot, TreeNode } from "./types.ts";

/** For tests: a repository in memory, and small snapshots in it. */

export const testPassword = "correct horse";

export async function testRepository() {
  const storage = memoryStorage();
  const repository = await initialiseRepository({ storage, password: testPassword });
  return { storage, objects: storage.objects, repository };
}

export const testLock: Pick<LockOptions, "identity"> = {
  identity: { holder: "test", deadHolders: [], waitSeconds: 0 },
};

export const fileNode = (name: string, content: readonly Id[], size: number): TreeNode => ({
  name: Buffer.from(name),
  type: "file",
  mode: 0o644,
  mtime: 0n,
  atime: 0n,
  ctime: 0n,
  uid: 0,
  gid: 0,
  inode: 0n,
  deviceId: 0n,
  size,
  links: 1,
  device: 0n,
  content,
});

export const folderNode = (name: string, subtree: Id): TreeNode => {
  const { content: _, ...node } = fileNode(name, [], 0);
  return { ...node, type: "dir", mode: 2 ** 31 + 0o755, subtree };
};

/** A writer that does its work in this thread. */
export const testWriter = (options: PackSinkOptions): PackWriter =>
  createPackWriter(createPackingPool({ threads: 0 }), options);

/** A snapshot of a folder `files` with one blob a file; `provenance` says which run wrote it. */
export async function testSnapshot(
  repository: Repository,
  files: Readonly<Record<string, Buffer>>,
  time = "2026-01-01T00:00:00Z",
  provenance?: Provenance,
): Promise<Snapshot> {
  const { index } = await loadIndex(repository);
  const writer = testWriter({ repository, index, owner: provenance?.owner, scope: scopeOf(provenance) });
  const store = async (type: "data" | "tree", bytes: Buffer): Promise<Id> => {
    const id = idOf(bytes);
    if (!writer.has(id, type)) await writer.add({ id, type, bytes });
    return id;
  };
  const nodes: TreeNode[] = [];
  for (const [name, bytes] of Object.entries(files))
    nodes.push(fileNode(name, [await store("data", bytes)], bytes.length));
  const subtree = await store("tree", encodeTree(nodes));
  const tree = await store("tree", encodeTree([folderNode("files", subtree)]));
  await writer.finish();
  const tags = provenance ? withProvenance([], provenance) : [];
  return saveSnapshot(repository, { time, tree, paths: ["/files"], hostname: "test", tags });
}
