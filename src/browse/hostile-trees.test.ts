import { describe, expect, it } from "vitest";
import { idOf } from "../repository/crypto.ts";
import { loadIndex } from "../repository/load-index.ts";
import { listSnapshots, saveSnapshot } from "../repository/snapshots.ts";
import { fileNode, folderNode, testRepository, testWriter } from "../repository/testing.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { Id, TreeNode } from "../repository/types.ts";
import { restorable } from "../restore/restorable.ts";
import { diff } from "./diff.ts";
import { find } from "./find.ts";
import { findFilter } from "./find-filter.ts";
import { statsOf } from "./stats.ts";

const { signal } = new AbortController();
const depth = 1200;

/** Two snapshots of folders in folders: each level is made by `wrap` from the one below it. */
async function nested(wrap: (below: Id) => readonly TreeNode[]) {
  const { repository } = await testRepository();
  const { index } = await loadIndex(repository);
  const writer = testWriter({ repository, index });
  const store = async (nodes: readonly TreeNode[]): Promise<Id> => {
    const bytes = encodeTree(nodes);
    const id = idOf(bytes);
    if (!writer.has(id, "tree")) await writer.add({ id, type: "tree", bytes });
    return id;
  };
  for (const name of ["first", "second"]) {
    let tree = await store([fileNode(name, [], 0)]);
    for (let level = 0; level < depth; level++) tree = await store(wrap(tree));
    const time = `2026-01-0${name === "first" ? 1 : 2}T00:00:00Z`;
    await saveSnapshot(repository, { time, tree, paths: ["/"], hostname: "test" });
  }
  await writer.finish();
  const snapshots = await listSnapshots(repository);
  return { repository: await loadIndex(repository), snapshots };
}

describe("Folders deeper than any stack", () => {
  it("are counted, compared and searched", async () => {
    const { repository, snapshots } = await nested((below) => [folderNode("d", below)]);
    const [first, second] = snapshots;
    const stats = await statsOf(repository, snapshots, signal);
    expect(stats).toMatchObject({ total_file_count: 2 * (depth + 1), raw_data: { shared_size: 0 } });

    const changes: string[] = [];
    const difference = await diff({
      repository,
      before: first?.tree ?? "",
      after: second?.tree ?? "",
      metadata: false,
      signal,
      onChange: async ({ modifier, path }) => {
        changes.push(`${modifier} ${path.length}`);
      },
    });
    expect(changes).toEqual([`- ${2 * depth + 6}`, `+ ${2 * depth + 7}`]);
    expect(difference.added).toMatchObject({ files: 1, tree_blobs: depth + 1 });

    const found = find({
      source: restorable(repository),
      snapshots,
      filter: findFilter({ patterns: ["second"] }, 0),
      signal,
    });
    expect((await Array.fromAsync(found)).map((each) => each.snapshots.map(({ id }) => id))).toEqual([[second?.id]]);
  });
});

describe("Folders that hold the same folder twice, and so on", () => {
  it("are counted without visiting every path, and searched where nothing is found", async () => {
    const { repository, snapshots } = await nested((below) => [folderNode("a", below), folderNode("b", below)]);
    const stats = await statsOf(repository, snapshots, signal);
    expect(stats.raw_data.total_blob_count).toBe(2 * (depth + 1));
    const found = find({
      source: restorable(repository),
      snapshots,
      filter: findFilter({ patterns: ["third"] }, 0),
      signal,
    });
    expect(await Array.fromAsync(found)).toEqual([]);
  });
});
