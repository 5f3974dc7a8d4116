import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withBadSector } from "../storage/testing.ts";
import type { RepositoryError } from "./errors.ts";
import { recentSnapshots } from "./recent-snapshots.ts";
import { saveSnapshot } from "./snapshots.ts";
import { testRepository } from "./testing.ts";
import type { Repository } from "./types.ts";

const tree = "0".repeat(64);
const day = (number: number) => new Date(Date.UTC(2026, 0, number));

let objects: Map<string, Buffer>;
let repository: Repository;
const read: string[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const made = await testRepository();
  objects = made.objects;
  const { storage } = made.repository;
  const get: typeof storage.get = (key, range) => {
    read.push(key);
    return storage.get(key, range);
  };
  repository = { ...made.repository, storage: { ...storage, get } };
  read.length = 0;
});
afterEach(() => vi.useRealTimers());

/** Made on one day, and stored on another one. */
async function snapshot(made: number, stored = made): Promise<string> {
  vi.setSystemTime(day(stored));
  return (await saveSnapshot(repository, { time: day(made).toISOString(), tree, paths: ["/data"] })).id;
}

async function snapshots(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 1; number <= count; number++) ids.push(await snapshot(number));
  return ids;
}

test("reads those that were stored last, in waves until there are enough", async () => {
  const ids = await snapshots(50);
  const one = await recentSnapshots(repository, { isEnough: () => true });
  expect(one.stored).toBe(50);
  expect(one.snapshots.map(({ id }) => id)).toEqual(ids.slice(-16));
  expect(read).toHaveLength(16);
  const two = await recentSnapshots(repository, { isEnough: (found) => found.length > 16 });
  expect(two.snapshots.map(({ id }) => id)).toEqual(ids.slice(-32));
});

test("reads all of them where it is never enough, and none where there is none", async () => {
  const never = { isEnough: () => false };
  expect(await recentSnapshots(repository, never)).toEqual({ snapshots: [], stored: 0 });
  const ids = await snapshots(20);
  expect((await recentSnapshots(repository, never)).snapshots.map(({ id }) => id)).toEqual(ids);
});

test("does not count what a stale listing names and nobody has any more", async () => {
  const [removed = "", left] = await snapshots(2);
  const { storage } = repository;
  const list = async function* (prefix: string) {
    yield* storage.list(prefix);
    yield { key: `snapshots/${removed}`, size: 1, modified: 0 };
  };
  objects.delete(`snapshots/${removed}`);
  const stale = { ...repository, storage: { ...storage, list } };
  const found = await recentSnapshots(stale, { isEnough: () => false });
  expect(found).toMatchObject({ snapshots: [{ id: left }], stored: 1 });
});

test("goes by the store's dates to read, and by the snapshots' own to order them", async () => {
  await snapshots(16);
  const copied = await snapshot(5, 30);
  const { snapshots: found } = await recentSnapshots(repository, { isEnough: () => true });
  expect(found).toHaveLength(16);
  expect(found.map(({ id }) => id)).toContain(copied);
  expect(found.map(({ time }) => time)).toEqual(found.map(({ time }) => time).toSorted());
});

test("tells of damaged ones, and counts them", async () => {
  const [first = ""] = await snapshots(2);
  objects.get(`snapshots/${first}`)?.fill(0, 20, 30);
  const damaged: string[] = [];
  const found = await recentSnapshots(repository, {
    isEnough: () => false,
    onDamage: ({ message }) => damaged.push(message),
  });
  expect([found.snapshots.length, found.stored, damaged.length]).toEqual([1, 2, 1]);
  expect(damaged[0]).toContain(first);
  await expect(recentSnapshots(repository, { isEnough: () => false })).rejects.toThrow(first);
});

test("tells of those that cannot be read at present, and counts them", async () => {
  const [first = ""] = await snapshots(2);
  const failing = { ...repository, storage: withBadSector(repository.storage, `snapshots/${first}`, 0) };
  const told: RepositoryError[] = [];
  const found = await recentSnapshots(failing, { isEnough: () => false, onDamage: (error) => told.push(error) });
  expect([found.snapshots.length, found.stored]).toEqual([1, 2]);
  expect(told).toMatchObject([{ reason: "ObjectUnreadable" }]);
  expect(told[0]?.message).toMatch(new RegExp(`${first} .*cannot be read at present.*\\(EIO\\)\\.$`));
  // Who removes data must not pass over it.
  await expect(recentSnapshots(failing, { isEnough: () => false })).rejects.toMatchObject({ kind: "Unreadable" });
});
