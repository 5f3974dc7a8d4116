import { expect, test } from "vitest";
import { idOf } from "../repository/crypto.ts";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { changesBetween, summarise } from "./changes.ts";

/** A folder as an object: texts are files, objects are folders, numbers are links of that length. */
interface Folder {
  readonly [name: string]: string | number | Folder;
}

const trees = new Map<Id, readonly TreeNode[]>();
let reads: Id[] = [];
const reader = {
  read: async (id: Id) => {
    reads.push(id);
    return trees.get(id) ?? [];
  },
};

function treeOf(folder: Folder): Id {
  const nodes = Object.entries(folder).map(([name, content]): TreeNode => {
    if (typeof content === "string") return fileNode(name, [idOf(Buffer.from(content))], content.length);
    if (typeof content === "number") return { ...fileNode(name, [], 0), type: "symlink", size: content };
    return folderNode(name, treeOf(content));
  });
  nodes.sort((a, b) => Buffer.compare(a.name, b.name));
  const id = idOf(Buffer.from(JSON.stringify(folder)));
  trees.set(id, nodes);
  return id;
}

async function changes(before: Folder, after: Folder): Promise<string[]> {
  const found: string[] = [];
  for await (const { kind, path } of changesBetween(reader, treeOf(before), treeOf(after)))
    found.push(`${kind} ${path}`);
  return found;
}

test.each<[string, Folder, Folder, string[]]>([
  ["nothing", { a: "1", d: { b: "2" } }, { a: "1", d: { b: "2" } }, []],
  ["a new file", { b: "2" }, { a: "1", b: "2", c: "3" }, ["Added a", "Added c"]],
  ["a file that is gone", { a: "1", b: "2", c: "3" }, { b: "2" }, ["Removed a", "Removed c"]],
  ["other content", { a: "1", d: { e: "2" } }, { a: "x", d: { e: "y" } }, ["Replaced a", "Replaced d/e"]],
  ["a folder that is gone", { d: { e: { f: "1" }, g: "2" } }, {}, ["Removed d/e/f", "Removed d/g"]],
  ["a folder with another name", { d: { e: "1" } }, { f: { e: "1" } }, ["Removed d/e", "Added f/e"]],
  ["a file that becomes a folder", { a: "1" }, { a: { b: "2" } }, ["Removed a", "Added a/b"]],
  ["a folder that becomes a file", { a: { b: "2" } }, { a: "1" }, ["Added a", "Removed a/b"]],
  ["a file that becomes a link", { a: "1" }, { a: 7 }, ["Removed a"]],
  ["links, which have no objects", { a: 7, b: 8 }, { b: 9, c: 1 }, []],
  ["the first file", {}, { a: "1" }, ["Added a"]],
])("sees %s", async (_, before, after, expected) => {
  expect((await changes(before, after)).sort()).toEqual([...expected].sort());
});

test("does not look into folders that are the same", async () => {
  const same = { deep: { er: "x" } };
  reads = [];
  await changes({ same, a: "1" }, { same, a: "2" });
  expect(reads).not.toContain(treeOf(same));
});

test("counts what is removed and replaced by the size it had", async () => {
  const before = treeOf({ gone: "12345", other: "123", stays: "1" });
  const after = treeOf({ other: "1234567", stays: "1", fresh: "1234" });
  expect(await summarise(changesBetween(reader, before, after))).toEqual({
    removed: { files: 1, bytes: 5 },
    replaced: { files: 1, bytes: 3 },
  });
});
