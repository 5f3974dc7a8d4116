import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { loadIndex } from "../repository/load-index.ts";
import { openRepository } from "../repository/repository.ts";
import { listSnapshots } from "../repository/snapshots.ts";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { memoryStorage } from "../storage/memory.ts";
import { setAttribute } from "../system/attributes.ts";
import { reuseNode } from "./reuse.ts";
import { runBackup } from "./run.ts";

const password = "correct horse";

let scratch: Scratch;
const at = (name: string): string => scratch.path(`source/${name}`);

beforeEach(() => {
  scratch = makeScratch();
  for (const folder of ["source", "source/a", "source/a/deep", "source/b"]) mkdirSync(scratch.path(folder));
  for (const name of ["top", "a/one", "a/two", "a/deep/three", "b/four"]) writeFileSync(at(name), name);
  symlinkSync("one", at("a/link"));
  setAttribute(Buffer.from(at("a/two")), "user.note", Buffer.from("before"));
});
afterEach(() => scratch.remove());

type Store = ReturnType<typeof memoryStorage>;

/** Backs the source up into all of them, and returns the root trees of the newest snapshots and what the backup added. */
async function backup(...stores: readonly Store[]): Promise<{ tree: Id; bytesAdded: number }> {
  // Files written a moment ago are read again; nothing is to be taken for unchanged by that alone.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const result = await runBackup({
    config: {
      source: scratch.path("source"),
      path: "/data",
      hostname: "shop",
      type: "Incremental",
      tags: [],
      excludes: [],
      targets: stores.map((_, number) => ({ name: `${number}`, repository: { url: `${number}` }, expect: "Any" })),
      lock: { holder: "test", deadHolders: [], waitSeconds: 0 },
    },
    open: ({ url }) => ({ storage: stores[Number(url)] as Store, password }),
  });
  expect(result).toMatchObject({ state: "Good" });
  const trees = new Set<Id>();
  for (const storage of stores) {
    const newest = (await listSnapshots(await openRepository({ storage, password }))).at(-1);
    trees.add(newest?.tree as Id);
  }
  expect(trees.size).toBe(1);
  return { tree: [...trees][0] as Id, bytesAdded: result.targets[0]?.bytesAdded ?? -1 };
}

test("a backup without changes adds nothing, and is the same tree", async () => {
  const [one, two] = [memoryStorage(), memoryStorage()];
  const { tree } = await backup(one, two);
  expect(await backup(one, two)).toEqual({ tree, bytesAdded: 0 });
  const packs = [...(await loadIndex(await openRepository({ storage: one, password }))).index.packs()];
  expect(packs).toHaveLength(2);
});

describe("what has changed is stored as if nothing had been there before:", () => {
  it.each<[string, () => void]>([
    [
      "status",
      () => {
        writeFileSync(at("a/one"), "A/ONE");
        chmodSync(at("a/deep/three"), 0o600);
        chmodSync(at("b"), 0o700);
        utimesSync(at("b/four"), 1, 1);
        utimesSync(at("a/deep"), 1, 1);
        if (process.geteuid?.() === 0) chownSync(at("top"), 1234, 1234);
      },
    ],
    ["a folder's mode only", () => chmodSync(at("a/deep"), 0o700)],
    ["an attribute of a file", () => setAttribute(Buffer.from(at("a/one")), "user.note", Buffer.from("new"))],
    ["an attribute's value", () => setAttribute(Buffer.from(at("a/two")), "user.note", Buffer.from("after!"))],
    ["an attribute of a folder", () => setAttribute(Buffer.from(at("a")), "user.note", Buffer.from("new"))],
    [
      "more and less",
      () => {
        writeFileSync(at("a/deep/new"), "new");
        mkdirSync(at("a/new"));
        rmSync(at("a/deep/three"));
        renameSync(at("b/four"), at("b/five"));
      },
    ],
    [
      "other things in their places",
      () => {
        rmSync(at("b"), { recursive: true });
        writeFileSync(at("b"), "now a file");
        rmSync(at("a/link"));
        symlinkSync("two", at("a/link"));
        rmSync(at("a/deep"), { recursive: true });
      },
    ],
  ])("%s", async (_, change) => {
    const store = memoryStorage();
    const before = await backup(store);
    change();
    const after = await backup(store);
    expect(after).toMatchObject({ tree: (await backup(memoryStorage())).tree });
    expect(after.tree).not.toBe(before.tree);
  });
});

test("where two targets have different parents, both get what is there now", async () => {
  const [one, two] = [memoryStorage(), memoryStorage()];
  await backup(one);
  writeFileSync(at("a/one"), "changed");
  await backup(two);
  chmodSync(at("b/four"), 0o600);
  const { tree } = await backup(one, two);
  expect(tree).toBe((await backup(memoryStorage())).tree);
});

describe("a node is the parent's", () => {
  const id = "a".repeat(64);
  const parentOf = (node: TreeNode) => ({ id, nodes: new Map([[node.name.toString("latin1"), node]]) });
  const folder = folderNode("folder", id);

  it("where both say the same", () => {
    const before = { ...folder };
    expect(reuseNode(folder, parentOf(before))).toBe(before);
  });

  it.each<[string, TreeNode]>([
    ["it has a field that we do not know: it may be out of date", { ...folder, unknown: { birth: 1 } }],
    ["it was not read whole", { ...folder, error: "could not be read" }],
    ["it holds something else", { ...folder, subtree: "b".repeat(64) }],
    ["it was opened at another time", { ...folder, atime: 1n }],
    ["it had another mode", { ...folder, mode: folder.mode + 1 }],
    ["it belonged to somebody else", { ...folder, uid: 1 }],
    ["its group's name is known", { ...folder, group: "staff" }],
    ["it is another inode", { ...folder, inode: 7n }],
    ["it was changed at another time", { ...folder, ctime: 1n }],
    ["it was on another device", { ...folder, deviceId: 2n }],
    ["it has an attribute more", { ...folder, extendedAttributes: [{ name: "user.x", value: Buffer.of(1) }] }],
    ["it is of another type", { ...fileNode("folder", [], 0), mode: folder.mode }],
  ])("but not where %s", (_, before) => {
    expect(reuseNode(folder, parentOf(before))).toBe(folder);
  });
});
