import { expect, test } from "vitest";
import { fileNode } from "../repository/testing.ts";
import { memoryStorage } from "../storage/memory.ts";
import { treeKey } from "./layout.ts";
import { openTrees } from "./trees.ts";

const nodes = (name: string) => [fileNode(name, [], 0)];

test("gives back what was written, prefetched or not, and stores nothing that is known", async () => {
  const storage = memoryStorage();
  const id = await openTrees(storage).write(nodes("a"));
  const trees = openTrees(storage);
  trees.prefetch([id, id]);
  expect((await trees.read(id)).map(({ name }) => name.toString())).toEqual(["a"]);
  expect((await openTrees(storage).read(id)).map(({ name }) => name.toString())).toEqual(["a"]);
  storage.objects.clear();
  expect(await openTrees(storage).write(nodes("a"), id)).toBe(id);
  expect(storage.objects.size).toBe(0);
});

test("names a folder that is missing, cut or changed, also when it was to be prefetched", async () => {
  const storage = memoryStorage();
  const [missing, cut, changed] = await Promise.all(
    ["a", "b", "c"].map((name) => openTrees(storage).write(nodes(name))),
  );
  if (!missing || !cut || !changed) throw new Error("there must be three");
  storage.objects.set(treeKey(changed), storage.objects.get(treeKey(cut)) ?? Buffer.alloc(0));
  storage.objects.set(treeKey(cut), Buffer.from("x"));
  storage.objects.delete(treeKey(missing));
  const trees = openTrees(storage);
  trees.prefetch([missing, cut, changed]);
  for (const [id, why] of [
    [missing, "is missing"],
    [cut, "cannot be unpacked"],
    [changed, "does not fit its name"],
  ] as const) {
    await expect(trees.read(id)).rejects.toMatchObject({
      reason: "RepositoryDamaged",
      message: expect.stringContaining(why),
    });
  }
});
