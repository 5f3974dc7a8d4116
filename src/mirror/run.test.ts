import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { layout } from "./layout.ts";
import { withMirrorLock } from "./locks.ts";
import { type Change as MirrorChange, mirrorTo } from "./testing.ts";

let scratch: Scratch;
let source: string;

beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "folder/file"), "content");
});
afterAll(() => scratch?.remove());

interface Change extends MirrorChange {
  readonly source?: string;
}

const run = (stores: Readonly<Record<string, Storage>>, { source: other = source, ...change }: Change = {}) =>
  mirrorTo(other, stores, change);

test("mirrors to each target by itself: one that fails does not keep the others", async () => {
  const [good, full] = [memoryStorage(), memoryStorage()];
  await full.put("somebody's", Buffer.from("file"));
  const result = await run({ good, full });
  expect(result).toMatchObject({ state: "Failed", reason: "RepositoryNotEmpty", files: 1, bytes: 7 });
  expect(result.targets.map(({ target, state }) => [target, state])).toEqual([
    ["good", "Good"],
    ["full", "Failed"],
  ]);
  expect(good.objects.get("files/folder/file")?.toString()).toBe("content");
  expect([...full.objects.keys()]).toEqual(["somebody's"]);
});

test("reports what an earlier attempt at the same run made, and makes no second one", async () => {
  const storage = memoryStorage();
  const first = await run({ storage }, { runTag: "point=p1" });
  const again = await run({ storage }, { runTag: "point=p1" });
  expect(again.targets[0]?.snapshot).toBe(first.targets[0]?.snapshot);
  expect(again).toMatchObject({ state: "Good", files: 1, bytes: 7, bytesRead: 0 });
  const next = await run({ storage }, { runTag: "point=p2" });
  expect(next.targets[0]?.snapshot).not.toBe(first.targets[0]?.snapshot);
});

test("leaves a mirror alone that is somebody else's", async () => {
  const storage = memoryStorage();
  await run({ storage });
  const before = new Map(storage.objects);
  const result = await run({ storage }, { owner: ["cluster=c", "policy=other"] });
  expect(result).toMatchObject({ state: "Failed", reason: "RepositoryNotEmpty" });
  expect(result.message).toMatch(/somebody else's.*policy=shop.*not policy=other/);
  expect(storage.objects).toEqual(before);
});

test("never makes a mirror anew where there was a good one", async () => {
  const storage = memoryStorage();
  expect(await run({ storage }, { expect: "Present" })).toMatchObject({ reason: "RepositoryNotFound" });
  expect(storage.objects.size).toBe(0);
  await run({ storage });
  expect(await run({ storage }, { expect: "Present" })).toMatchObject({ state: "Good" });
});

test("goes on with a mirror of which there is no record any more: guards it, and reads nothing again", async () => {
  const storage = memoryStorage();
  const own = scratch.path("unrecorded");
  mkdirSync(own);
  for (const name of ["a", "b", "c"]) writeFileSync(join(own, name), name);
  const first = await run({ storage }, { runTag: "point=p1", source: own });
  // Folders of the run that was stopped stay until the next one.
  const counts = () => [...storage.objects].filter(([key]) => !key.startsWith(".holdfast/trees/"));
  const stored = counts();
  for (const name of ["a", "b"]) rmSync(join(own, name));
  expect(await run({ storage }, { runTag: "point=p2", source: own })).toMatchObject({ reason: "MassChange" });
  expect(counts()).toEqual(stored);
  for (const name of ["a", "b"]) writeFileSync(join(own, name), name);
  writeFileSync(join(own, "d"), "new");
  const next = await run({ storage }, { runTag: "point=p2", source: own });
  expect(next).toMatchObject({ state: "Good", files: 4, targets: [{ bytesStored: 3 }] });
  expect(next.targets[0]?.snapshot).not.toBe(first.targets[0]?.snapshot);
});

test("changes nothing where the store is behind and tells an older state", async () => {
  const storage = memoryStorage();
  const states: Buffer[] = [];
  await run({
    storage: {
      ...storage,
      async put(key, data) {
        if (key === layout.state) states.push(Buffer.from(data));
        await storage.put(key, data);
      },
    },
  });
  const [beginning] = states;
  expect(beginning?.toString()).toContain("Beginning");
  const before = new Map(storage.objects);
  let reads = 0;
  const behind = {
    ...storage,
    get: async (key: string) => (key === layout.state && reads++ === 0 && beginning ? beginning : storage.get(key)),
  };
  const result = await run({ storage: behind });
  expect(result).toMatchObject({ state: "Failed", reason: "StoreError" });
  expect(result.message).toContain("two different answers for .holdfast/state: nothing was changed");
  expect(storage.objects).toEqual(before);
  expect(await run({ storage })).toMatchObject({ state: "Good" });
});

test("keeps out of a mirror in which somebody else is at work", async () => {
  const storage = memoryStorage();
  await run({ storage });
  const options = { exclusive: false, identity: { holder: "a restore", deadHolders: [], waitSeconds: 0 } };
  const result = await withMirrorLock(storage, options, () => run({ storage }));
  expect(result).toMatchObject({ state: "Failed", reason: "RepositoryLocked" });
  expect(result.message).toMatch(/a restore.*remove the objects below \.holdfast\/locks\//);
  expect(await run({ storage })).toMatchObject({ state: "Good" });
  expect([...storage.objects.keys()].filter((key) => key.startsWith(".holdfast/locks/"))).toEqual([]);
});
