import { compress } from "../../src/repository/compression.ts";
import { idOf } from "../../src/repository/crypto.ts";
import { type Attack, refused, tree, treeOf } from "./hostile-attack.ts";
import { attributeAttacks } from "./hostile-attributes.ts";
import { cheapKey, fileNode, folderNode, linkNode, type Objects, type Victim } from "./hostile-repository.ts";
import {
  addDocument,
  addPack,
  addSnapshot,
  addTrees,
  readSealed,
  replaceDocument,
  sealedLengthOf,
} from "./hostile-sealed.ts";

const megabyte = 1024 * 1024;
const missing = "ab".repeat(32);
const json = (nodes: string): Buffer => Buffer.from(`{"nodes":[${nodes}]}\n`);
const asEntry = (name: string): string =>
  `{"name":${JSON.stringify(name)},"type":"file","mode":420,"uid":0,"gid":0,"content":[]}`;

const badNames = [
  "..",
  ".",
  "",
  "/",
  "/etc/passwd",
  "../canary",
  "../../canary",
  "a/b",
  "in/../../canary",
  "\\x00",
  "a\\x00b",
  "\\x2e\\x2e",
  "\\x2f",
  "\\u002e.",
  "\\056\\056",
  "\\057etc",
];

const names: readonly Attack[] = badNames.flatMap((name) => [
  tree(`a file named «${name}»`, () => json(asEntry(name)), refused),
  tree(
    `a folder named «${name}»`,
    (victim) => json(`{"name":${JSON.stringify(name)},"type":"dir","subtree":"${idOf(victim.inner)}"}`),
    refused,
  ),
]);

const [blobOf, firstBlob] = [
  (victim: Victim, at: number): string => [...victim.blobs.keys()][at] as string,
  (victim: Victim): Buffer => [...victim.blobs.values()][0] as Buffer,
];

const trees: readonly Attack[] = [
  ...attributeAttacks,
  tree("two files of one name", () => json(`${asEntry("a")},${asEntry("a")}`), refused),
  tree(
    "a link and a folder of one name",
    (victim) =>
      json(
        `{"name":"x","type":"symlink","linktarget":".."},{"name":"x","type":"dir","subtree":"${idOf(victim.inner)}"}`,
      ),
    refused,
  ),
  tree(
    "a link and a folder of one name, written differently",
    (victim) =>
      json(
        `{"name":"x","type":"symlink","linktarget":".."},{"name":"\\\\x78","type":"dir","subtree":"${idOf(victim.inner)}"}`,
      ),
    refused,
  ),
  tree("links that lead out", () => treeOf(linkNode("a", "/etc"), linkNode("b", "../.."), linkNode("c", "c"))),
  tree("a hard link to a name elsewhere", (victim) =>
    treeOf(
      { ...fileNode("a", [blobOf(victim, 0)], firstBlob(victim).length), links: 2, inode: 7n },
      { ...fileNode("b", [], 0), links: 2, inode: 7n },
    ),
  ),
  tree("content that is missing", () => treeOf(fileNode("a", [missing], 5)), refused),
  tree("a folder that is missing", () => treeOf(folderNode("a", missing)), refused),
  tree("a folder that is a data blob", (victim) => treeOf(folderNode("a", blobOf(victim, 0))), refused),
  tree("content that is a tree", (victim) => treeOf(fileNode("a", [idOf(victim.inner)], victim.inner.length)), refused),
  tree(
    "a file that says to be longer",
    (victim) => treeOf(fileNode("a", [blobOf(victim, 0)], firstBlob(victim).length + 1)),
    refused,
  ),
  tree("a file that says to be shorter", (victim) => treeOf(fileNode("a", [blobOf(victim, 0)], 1)), refused),
  tree("a file that says to be enormous", (victim) => treeOf(fileNode("a", [blobOf(victim, 0)], 2 ** 52)), refused),
  tree("a file that lost its content", () => treeOf(fileNode("a", [], 100)), refused),
  tree("an owner that chown passes over", () => treeOf({ ...fileNode("a", [], 0), uid: 0xffff_ffff }), {
    restore: "paths reported",
  }),
  tree("a name longer than any file system takes", () => treeOf(fileNode("n".repeat(5000), [], 0)), {
    restore: "paths reported",
  }),
  tree("a folder whose name is too long", (victim) => treeOf(folderNode("n".repeat(300), idOf(victim.inner))), {
    restore: "paths reported",
  }),
  tree("a device of absurd number", () =>
    treeOf({ ...fileNode("a", [], 0), type: "chardev", device: 0xffff_ffff_ffff_ffffn, content: [] }),
  ),
  tree("times at the ends of the world", () =>
    json(asEntry("a").replace('"uid"', '"mtime":"+275760-09-13T00:00:00Z","atime":"-271821-04-20T00:00:00Z","uid"')),
  ),
  tree("keys that JavaScript knows", () =>
    json(asEntry("a").replace('"uid"', '"__proto__":{"content":["x"]},"constructor":1,"toString":null,"uid"')),
  ),
  tree("a name that is no UTF-8", () =>
    Buffer.concat([
      Buffer.from('{"nodes":[{"name":"'),
      Buffer.of(0xff, 0xfe),
      Buffer.from('","type":"file","content":[]}]}'),
    ]),
  ),
  tree("a hundred thousand brackets", () => Buffer.from("[".repeat(100_000)), refused),
  tree("three megabytes of nothing", () => Buffer.from(`{"nodes":[${"[],".repeat(megabyte)}[]]}`), refused),
  tree("two thousand files", () => treeOf(...Array.from({ length: 2000 }, (_, at) => fileNode(`f${at}`, [], 0)))),
  {
    name: "a thousand folders in each other",
    make: (victim, objects) => nest(victim, objects, 1000),
    verdicts: { check: "fine", restore: "fine" },
  },
  {
    name: "a folder that is itself, by an index that lies",
    make(victim, objects) {
      const cyclic = treeOf(folderNode("again", missing));
      addPack(victim, objects, [{ type: "tree", plaintext: cyclic, claims: { id: missing } }]);
      addSnapshot(victim, objects, missing);
      return undefined;
    },
    verdicts: { check: "problems", restore: "paths reported" },
  },
  {
    name: "folders that double a thousandfold",
    make(victim, objects) {
      const levels = [treeOf(fileNode("a", [], 0))];
      for (let level = 0; level < 10; level++) {
        const below = idOf(levels.at(-1) as Buffer);
        levels.push(treeOf(folderNode("l", below), folderNode("r", below)));
      }
      addTrees(victim, objects, levels.at(-1) as Buffer, levels.slice(0, -1));
      return undefined;
    },
    verdicts: { check: "fine", restore: "fine" },
  },
];

function nest(victim: Victim, objects: Objects, depth: number): undefined {
  const levels = [treeOf(fileNode("deepest", [], 0))];
  for (let level = 1; level < depth; level++) levels.push(treeOf(folderNode("d", idOf(levels.at(-1) as Buffer))));
  addTrees(victim, objects, levels.at(-1) as Buffer, levels.slice(0, -1));
}

/** A blob that is not what the pack and the index say, as the content of the newest snapshot's one file. */
const blob = (
  name: string,
  claims: { payload?: Buffer; plaintext: Buffer; plainLength?: number; size?: number },
): Attack => ({
  name,
  make(victim, objects) {
    const { plaintext, payload, plainLength = plaintext.length, size = plainLength } = claims;
    addPack(victim, objects, [
      {
        type: "data",
        plaintext,
        claims: { plainLength, compressed: payload !== undefined },
        ...(payload && { payload }),
      },
    ]);
    addTrees(victim, objects, treeOf(fileNode("a", [idOf(plaintext)], size)));
    return undefined;
  },
  verdicts: refused,
});

const bombs: readonly Attack[] = [
  blob("a bomb that says to be small", {
    plaintext: Buffer.from("small"),
    payload: compress(Buffer.alloc(256 * megabyte)),
  }),
  blob("a bomb that says to be huge, and is small", {
    plaintext: Buffer.from("small"),
    payload: compress(Buffer.from("small")),
    plainLength: 0x3fff_ffff,
  }),
  blob("a bomb that is as long as it says, of another content", {
    plaintext: Buffer.from("small"),
    payload: compress(Buffer.alloc(64 * megabyte)),
    plainLength: 64 * megabyte,
  }),
  blob("compressed bytes that are none", { plaintext: Buffer.from("small"), payload: Buffer.from("no zstd at all") }),
  blob("a compressed blob that ends early", {
    plaintext: Buffer.from("x".repeat(9000)),
    payload: compress(Buffer.from("x".repeat(9000))).subarray(0, 10),
  }),
  blob("a blob of another content", { plaintext: Buffer.from("one"), payload: compress(Buffer.from("two")) }),
  {
    name: "an index that is a bomb",
    make(victim, objects) {
      addDocument(victim, objects, "index", Buffer.alloc(300 * megabyte));
      return undefined;
    },
    verdicts: { check: "problems", restore: "RepositoryDamaged", prune: "RepositoryDamaged" },
  },
  {
    name: "a snapshot that is a bomb",
    make(victim, objects) {
      addDocument(victim, objects, "snapshots", Buffer.alloc(300 * megabyte, " "));
      return undefined;
    },
    verdicts: { check: "problems", restore: "RepositoryDamaged", prune: "RepositoryDamaged" },
  },
];

/** Every location of the newest index is changed; the older copies stay as they are. */
const index = (
  name: string,
  edit: (blob: Record<string, unknown>) => void,
  verdicts: Attack["verdicts"] = {},
): Attack => ({
  name,
  make(victim, objects) {
    for (const key of [...objects.keys()].filter((each) => each.startsWith("index/"))) {
      const document = JSON.parse(readSealed(victim.master, objects.get(key) as Buffer));
      for (const pack of document.packs) for (const location of pack.blobs) edit(location);
      replaceDocument(victim, objects, key, JSON.stringify(document));
    }
    return undefined;
  },
  verdicts: { check: "problems", ...verdicts },
});

const indexes: readonly Attack[] = [
  index("offsets beyond the pack", (each) => Object.assign(each, { offset: 0xffff_0000 })),
  index("lengths of four gigabytes", (each) => Object.assign(each, { length: 0xffff_ffff })),
  index("lengths of a gigabyte", (each) => Object.assign(each, { length: 0x3fff_ffff, uncompressed_length: 0 })),
  index("lengths below any seal", (each) => Object.assign(each, { length: 31 })),
  index("everything at the beginning", (each) => Object.assign(each, { offset: 0 })),
  index("trees and data exchanged", (each) => Object.assign(each, { type: each.type === "tree" ? "data" : "tree" })),
  index("plain lengths one too long", (each) =>
    Object.assign(each, { uncompressed_length: 1 + Number(each.uncompressed_length ?? each.length) }),
  ),
  {
    name: "another copy that says to be shorter",
    make(victim, objects) {
      for (const [id, plaintext] of victim.blobs) {
        const lie = { id, type: "data", offset: 0, length: sealedLengthOf(plaintext) - 7 };
        const pack = { id: missing, blobs: plaintext.length > 7 ? [lie] : [] };
        addDocument(victim, objects, "index", JSON.stringify({ packs: [pack] }));
      }
      return undefined;
    },
    verdicts: { check: "problems" },
  },
];

const others: readonly Attack[] = [
  {
    name: "a snapshot of no tree",
    make(victim, objects) {
      addSnapshot(victim, objects, missing);
      return undefined;
    },
    verdicts: { check: "problems", restore: "paths reported", prune: "RepositoryDamaged" },
  },
  {
    name: "a snapshot of a data blob",
    make(victim, objects) {
      addSnapshot(victim, objects, blobOf(victim, 0));
      return undefined;
    },
    verdicts: { check: "problems", restore: "paths reported", prune: "RepositoryDamaged" },
  },
  ...[
    { N: 2 ** 40 },
    { N: 2 ** 20, r: 2 ** 20 },
    { p: 2 ** 30 },
    { N: 3 },
    { N: -2 },
    { r: 0 },
    { N: 1e308 },
    { N: 2 ** 32 },
  ].map(
    (fields): Attack => ({
      name: `a key that asks for ${JSON.stringify(fields)}`,
      make(victim, objects) {
        for (const key of [...objects.keys()].filter((each) => each.startsWith("keys/"))) objects.delete(key);
        const bytes = cheapKey(victim.master, fields);
        objects.set(`keys/${idOf(bytes)}`, bytes);
        return undefined;
      },
      verdicts: { open: "RepositoryDamaged" },
    }),
  ),
];

export const attacks: readonly Attack[] = [...names, ...trees, ...bombs, ...indexes, ...others];
