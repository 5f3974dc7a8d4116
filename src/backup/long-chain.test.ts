import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listSnapshots, saveSnapshot } from "../repository/snapshots.ts";
import { backup, replaced, repositoryOf, source, storeOf, write } from "./testing.ts";

/** Stores snapshots with the content of the oldest one, made hours before it. */
async function storeOlderOnes(count: number): Promise<void> {
  const repository = await repositoryOf("one");
  const [oldest] = await listSnapshots(repository);
  if (!oldest) throw new Error("there is one");
  const { id: _, ...document } = oldest;
  for (let hours = 1; hours <= count; hours++) {
    const time = new Date(Date.parse(oldest.time) - hours * 3_600_000).toISOString();
    await saveSnapshot(repository, { ...document, time });
  }
}

test("a backup reads a few snapshots of a long chain, and has the newest one for its parent", async () => {
  await write("a", "alpha");
  await backup();
  await storeOlderOnes(40);
  const newest = await backup();
  const store = storeOf("one");
  const read: string[] = [];
  const get: typeof store.get = (key, range) => {
    read.push(key);
    return store.get(key, range);
  };
  replaced.one = { ...store, get };
  const { targets } = await backup();
  expect(targets).toMatchObject([{ state: "Good", parent: newest.targets[0]?.snapshot, bytesAdded: 0 }]);
  expect(read.filter((key) => key.startsWith("snapshots/"))).toHaveLength(16);
});

test("whether a source was empty before is told by the newest snapshot, whenever the others were stored", async () => {
  await backup();
  await write("a", "alpha");
  await backup();
  await storeOlderOnes(20);
  await rm(join(source, "a"));
  expect(await backup()).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
});
