import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadIndex } from "../repository/load-index.ts";
import { packKey } from "../repository/pack-cache.ts";
import { listSnapshots } from "../repository/snapshots.ts";
import { findNode } from "../repository/tree.ts";
import { withBadSector } from "../storage/testing.ts";
import { backup, replaced, repositoryOf, source, stores, write } from "./testing.ts";

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

describe("an emptied source is not called good where the newest snapshot", () => {
  const doubt = {
    state: "Incomplete",
    reason: "SourceEmpty",
    targets: [{ message: expect.stringMatching(/cannot be told: .*put a file into it\. .*snapshots\//) }],
  };
  const spoilings: [string, (snapshot: string) => void][] = [
    [
      "cannot be read at present",
      (snapshot) => {
        replaced.one = withBadSector(stores.one as never, snapshot, 0);
      },
    ],
    ["is damaged", (snapshot) => stores.one?.objects.set(snapshot, Buffer.alloc(100))],
  ];

  test.each(spoilings)("%s and is the only one, until it has a file again", async (_, spoil) => {
    await write("file", "content");
    spoil(`snapshots/${(await backup()).targets[0]?.snapshot}`);
    await rm(join(source, "file"));
    expect(await backup()).toMatchObject(doubt);
    await write("meant to be empty", "");
    expect(await backup()).toMatchObject({ state: "Good" });
  });

  test.each(spoilings)("%s and the one before is of the volume when it was empty still", async (_, spoil) => {
    await backup();
    await write("file", "content");
    spoil(`snapshots/${(await backup()).targets[0]?.snapshot}`);
    await rm(join(source, "file"));
    expect(await backup()).toMatchObject(doubt);
  });
});
