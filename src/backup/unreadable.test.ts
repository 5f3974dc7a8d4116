import { expect, test } from "vitest";
import { loadIndex } from "../repository/load-index.ts";
import { packKey } from "../repository/pack-cache.ts";
import { listSnapshots } from "../repository/snapshots.ts";
import { findNode } from "../repository/tree.ts";
import { withBadSector } from "../storage/testing.ts";
import { backup, replaced, repositoryOf, stores, write } from "./testing.ts";

test("one snapshot that cannot be read costs a backup its parent, and not the run", async () => {
  await write("file", "content");
  const { targets } = await backup();
  const first = targets[0]?.snapshot;
  const second = (await backup()).targets[0]?.snapshot;
  replaced.one = withBadSector(stores.one as never, `snapshots/${second}`, 0);
  const result = await backup();
  expect(result).toMatchObject({ state: "Good", targets: [{ type: "Incremental", parent: first }] });
  expect(result.targets[0]?.message).toMatch(new RegExp(`snapshots/${second} .*cannot be read at present.*EIO`));
});

test("a parent that cannot be read at present is not called damaged", async () => {
  await write("folder/file", "content");
  await backup();
  const repository = await loadIndex(await repositoryOf("one"));
  const [snapshot] = await listSnapshots(repository);
  const folder = await findNode(repository, snapshot?.tree ?? "", "/data/folder");
  const blob = repository.index.find(folder?.subtree ?? "", "tree");
  if (!blob) throw new Error("there must be a tree");
  replaced.one = withBadSector(stores.one as never, packKey(blob.pack), blob.offset + 1);
  await write("folder/other", "content");
  const result = await backup();
  expect(result.state).toBe("Good");
  expect(result.targets[0]?.message).toMatch(
    /^A part of the parent snapshot cannot be read and was not relied on: .*EIO/,
  );
});
