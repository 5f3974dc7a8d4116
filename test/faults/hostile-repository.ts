import { randomBytes, scryptSync } from "node:crypto";
import { createBlobIndex } from "../../src/repository/blob-index.ts";
import { newConfig, writeConfig } from "../../src/repository/config.ts";
import { idOf, randomMasterKey, seal } from "../../src/repository/crypto.ts";
import { saveSnapshot } from "../../src/repository/snapshots.ts";
import { testWriter } from "../../src/repository/testing.ts";
import { encodeTree } from "../../src/repository/tree-format.ts";
import type { Id, MasterKey, Repository, TreeNode } from "../../src/repository/types.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import { createMemoryPool } from "../../src/system/memory.ts";

/** Objects of a store by key. */
export type Objects = Map<string, Buffer>;

export const password = "hostile";

/** A small repository in memory, with what its files hold, to be mutated. */
export interface Victim {
  readonly objects: Objects;
  readonly repository: Repository;
  readonly master: MasterKey;
  /** Plaintexts of all data blobs. */
  readonly blobs: ReadonlyMap<Id, Buffer>;
  /** SHA-256 of every regular file by path, for each snapshot. */
  readonly expected: ReadonlyMap<Id, Readonly<Record<string, Id>>>;
  /** The trees of the newest snapshot: the outer one and the one of its folder. */
  readonly root: Buffer;
  readonly inner: Buffer;
}

export async function makeVictim(): Promise<Victim> {
  const objects: Objects = new Map();
  const storage = memoryStorage(objects);
  const master = randomMasterKey();
  const config = newConfig();
  await writeConfig(storage, master, config);
  const keyBytes = cheapKey(master);
  const keyId = idOf(keyBytes);
  objects.set(`keys/${keyId}`, keyBytes);
  const repository: Repository = {
    storage,
    id: config.id,
    version: 2,
    chunkerPolynomial: config.chunker_polynomial,
    keyId,
    master,
    memory: createMemoryPool(),
  };
  const blobs = new Map<Id, Buffer>();
  const expected = new Map<Id, Record<string, Id>>();
  let trees: Pick<Victim, "root" | "inner"> = { root: Buffer.alloc(0), inner: Buffer.alloc(0) };
  for (const day of [1, 2]) {
    const written = await writeDay(repository, day, blobs);
    expected.set(written.snapshot, written.files);
    trees = written.trees;
  }
  return { objects, repository, master, blobs, expected, ...trees };
}

/** A key file that costs next to nothing to open: ten thousand mutants are opened with the password. */
export function cheapKey(
  master: MasterKey,
  fields: Readonly<Record<string, unknown>> = {},
  opening: string = password,
): Buffer {
  const salt = randomBytes(64);
  const derived = scryptSync(opening, salt, 64, { N: 2, r: 1, p: 1 });
  const userKey = { encrypt: derived.subarray(0, 32), macK: derived.subarray(32, 48), macR: derived.subarray(48, 64) };
  const text = {
    mac: { k: master.macK.toString("base64"), r: master.macR.toString("base64") },
    encrypt: master.encrypt.toString("base64"),
  };
  const data = seal(userKey, Buffer.from(JSON.stringify(text))).toString("base64");
  const file = { created: "2026-01-01T00:00:00Z", username: "", hostname: "", kdf: "scrypt", N: 2, r: 1, p: 1 };
  return Buffer.from(JSON.stringify({ ...file, salt: salt.toString("base64"), data, ...fields }));
}

async function writeDay(repository: Repository, day: number, blobs: Map<Id, Buffer>) {
  const contents = contentsOf(day);
  const writer = testWriter({ repository, index: createBlobIndex() });
  const nodes: Record<string, TreeNode> = {};
  const files: Record<string, Id> = {};
  for (const [path, parts] of Object.entries(contents)) {
    for (const part of parts) {
      const id = idOf(part);
      blobs.set(id, part);
      if (!writer.has(id, "data")) await writer.add({ id, type: "data", bytes: part });
    }
    const whole = Buffer.concat(parts);
    files[path] = idOf(whole);
    nodes[path] = fileNode(path.slice(path.lastIndexOf("/") + 1), parts.map(idOf), whole.length);
  }
  const inner = encodeTree(Object.entries(nodes).flatMap(([path, node]) => (path.startsWith("/in/") ? [node] : [])));
  const outer = Object.entries(nodes).flatMap(([path, node]) => (path.startsWith("/in/") ? [] : [node]));
  const root = encodeTree([...outer, folderNode("in", idOf(inner)), linkNode("link", "alpha")]);
  for (const tree of [inner, root]) await writer.add({ id: idOf(tree), type: "tree", bytes: tree });
  await writer.finish();
  const snapshot = await saveSnapshot(repository, snapshotOf(idOf(root), day));
  return { snapshot: snapshot.id, files, trees: { root, inner } };
}

/** Each file as its blobs; some of them are shared, compressible, random, empty, or zeros. */
function contentsOf(day: number): Record<string, Buffer[]> {
  const shared = Buffer.from("the same in many files\n".repeat(30));
  return {
    "/alpha": [Buffer.from(`day ${day}\n`.repeat(80)), shared, randomBytes(700)],
    "/empty": [],
    "/constant": [shared],
    "/in/holes": [Buffer.alloc(9000), shared],
    "/in/random": [randomBytes(1500), randomBytes(40)],
  };
}

export const snapshotOf = (tree: Id, day: number) => ({
  time: `2026-01-0${day}T00:00:00Z`,
  tree,
  paths: ["/"],
  hostname: "hostile",
});

const noTimes = { mtime: 0n, atime: 0n, ctime: 0n };
const plain = { ...noTimes, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, inode: 0n, deviceId: 0n };

export const fileNode = (name: string, content: readonly Id[], size: number): TreeNode => ({
  ...plain,
  name: Buffer.from(name),
  type: "file",
  mode: 0o644,
  size,
  links: 1,
  device: 0n,
  content,
});

export const folderNode = (name: string, subtree: Id): TreeNode => ({
  ...plain,
  name: Buffer.from(name),
  type: "dir",
  mode: 2 ** 31 + 0o755,
  size: 0,
  links: 0,
  device: 0n,
  subtree,
});

export const linkNode = (name: string, target: string): TreeNode => ({
  ...plain,
  name: Buffer.from(name),
  type: "symlink",
  mode: 2 ** 27 + 0o777,
  size: 0,
  links: 1,
  device: 0n,
  linkTarget: Buffer.from(target),
});
