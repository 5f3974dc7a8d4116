import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { programOf } from "../system/testing.ts";
import { listDocuments, readDocument, writeDocument } from "./documents.ts";
import { forgetSnapshots } from "./forget.ts";
import { decodePacks, encodeIndex, type IndexedPack } from "./index-format.ts";
import { loadIndex } from "./load-index.ts";
import { withLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { type PruneOptions, type PruneProgress, type PruneReport, prune } from "./prune.ts";
import { exclusive, forgetAndPrune, nothing, sound, total } from "./prune-testing.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";
import type { BlobLocation, Id, Repository } from "./types.ts";

/** As two writers do that do not know of each other. */
async function storeTwice(
  repository: Repository,
  objects: Map<string, Buffer>,
  files: Readonly<Record<string, Buffer>>,
): Promise<void> {
  await testSnapshot(repository, files);
  const hidden = [...objects].filter(([key]) => key.startsWith("index/"));
  for (const [key] of hidden) objects.delete(key);
  await testSnapshot(repository, files, "2026-01-02T00:00:00Z");
  for (const [key, bytes] of hidden) objects.set(key, bytes);
}

describe("prune", () => {
  test("removes what no snapshot needs, keeps what one needs, and says how much went", async () => {
    const { repository, objects } = await testRepository();
    const kept = randomBytes(200_000);
    const first = await testSnapshot(repository, { kept, gone: randomBytes(300_000) });
    await testSnapshot(repository, { kept, added: randomBytes(100_000) }, "2026-01-02T00:00:00Z");
    const before = total(objects);
    const report = await forgetAndPrune(repository, [first.id]);
    expect(report).toMatchObject({ packsRemoved: 1, packsRewritten: 1, bytesUnused: 0 });
    expect(report.bytesFreed).toBeGreaterThan(300_000);
    expect(before - total(objects)).toBeGreaterThan(report.bytesFreed * 0.9);
    expect(await sound(repository)).toEqual(nothing);
    const { index } = await loadIndex(repository);
    expect([...index.locations()].filter(({ type }) => type === "data")).toHaveLength(2);
  });

  test("does nothing where there is nothing to do", async () => {
    const { repository, objects } = await testRepository();
    await testSnapshot(repository, { a: randomBytes(1000) });
    const before = [...objects.keys()];
    expect(await forgetAndPrune(repository, [])).toEqual({
      packsRemoved: 0,
      packsRewritten: 0,
      bytesFreed: 0,
      bytesUnused: 0,
    });
    expect([...objects.keys()]).toEqual(before);
  });

  test("leaves a little waste where rewriting would cost more than it frees", async () => {
    const { repository } = await testRepository();
    const files = { big: randomBytes(1_000_000), small: randomBytes(1000) };
    const first = await testSnapshot(repository, files);
    await testSnapshot(repository, { big: files.big }, "2026-01-02T00:00:00Z");
    const report = await forgetAndPrune(repository, [first.id], 0.05);
    expect(report.packsRewritten).toBe(0);
    expect(report.bytesUnused).toBeGreaterThan(1000);
    expect((await forgetAndPrune(repository, [], 0)).packsRewritten).toBeGreaterThan(0);
    expect(await sound(repository)).toEqual(nothing);
  });

  test("removes packs that a killed run left, and empties the index with the last snapshot", async () => {
    const { repository, objects } = await testRepository();
    const { id } = await testSnapshot(repository, { a: randomBytes(1000) });
    objects.set(packKey("f".repeat(64)), Buffer.from("half a backup"));
    expect((await sound(repository)).hints).toEqual([expect.stringMatching(/1 packs are in no index/)]);
    expect(await forgetAndPrune(repository, [id])).toMatchObject({ packsRemoved: 3 });
    expect([...objects.keys()].filter((key) => /^(data|index|snapshots)/.test(key))).toEqual([]);
  });

  test("moves once what two index files name, as a prune leaves it that was killed", async () => {
    const { repository, objects } = await testRepository();
    const kept = randomBytes(200_000);
    const first = await testSnapshot(repository, { kept, gone: randomBytes(300_000) });
    await testSnapshot(repository, { kept }, "2026-01-02T00:00:00Z");
    const packs: IndexedPack[] = [];
    for (const { id } of await listDocuments(repository, "index"))
      packs.push(...decodePacks(await readDocument(repository, "index", id), id));
    await writeDocument(repository, "index", encodeIndex(packs));
    expect((await forgetAndPrune(repository, [first.id])).bytesFreed).toBeGreaterThan(300_000);
    const { index } = await loadIndex(repository);
    expect([...index.locations()].filter(({ type }) => type === "data")).toHaveLength(1);
    const stored = [...objects].filter(([key]) => key.startsWith("data/"));
    expect(total(new Map(stored))).toBeLessThan(210_000);
    expect(await sound(repository)).toEqual(nothing);
  });

  test("merges many small index files", async () => {
    const { repository, objects } = await testRepository();
    let last = await testSnapshot(repository, { a: randomBytes(1000) });
    for (let day = 0; day < 20; day++) last = await testSnapshot(repository, { a: randomBytes(1000) });
    await forgetAndPrune(repository, [last.id]);
    expect([...objects.keys()].filter((key) => key.startsWith("index/"))).toHaveLength(1);
    expect(await sound(repository)).toEqual(nothing);
  });

  test.each(["tree", "data"] as const)("touches nothing where a %s pack that is needed is missing", async (type) => {
    const { repository, objects } = await testRepository();
    const first = await testSnapshot(repository, { a: randomBytes(1000) });
    const { index: older } = await loadIndex(repository);
    await testSnapshot(repository, { b: randomBytes(1000) }, "2026-01-02T00:00:00Z");
    const { index } = await loadIndex(repository);
    const isNew = (location: BlobLocation): boolean => location.type === type && !older.hasPack(location.pack);
    const needed = [...index.locations()].find(isNew)?.pack ?? "";
    objects.delete(packKey(needed));
    const before = [...objects.keys()].filter((key) => !key.startsWith("snapshots/"));
    await expect(forgetAndPrune(repository, [first.id])).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect([...objects.keys()].filter((key) => !key.startsWith("snapshots/"))).toEqual(before);
  });

  test("does not spread damage: a damaged blob that must move stops it", async () => {
    const { repository, objects } = await testRepository();
    const kept = randomBytes(1000);
    const first = await testSnapshot(repository, { kept, gone: randomBytes(1000) });
    await testSnapshot(repository, { kept }, "2026-01-02T00:00:00Z");
    const { index } = await loadIndex(repository);
    const { pack = "" } = [...index.locations()].find(({ type }) => type === "data") ?? {};
    const bytes = objects.get(packKey(pack)) as Buffer;
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await expect(forgetAndPrune(repository, [first.id])).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect(objects.has(packKey(pack))).toBe(true);
  });

  test("keeps one good copy of what was stored twice for no purpose", async () => {
    const { repository, objects } = await testRepository();
    const files = { a: randomBytes(1000) };
    await storeTwice(repository, objects, files);
    expect(await forgetAndPrune(repository, [])).toMatchObject({ packsRemoved: 2, packsRewritten: 0 });
    expect(await sound(repository)).toEqual(nothing);
  });

  test.each([0, 1])("keeps both copies of what was stored twice, while number %i is damaged", async (number) => {
    const { repository, objects } = await testRepository();
    await storeTwice(repository, objects, { a: randomBytes(1000) });
    const { index } = await loadIndex(repository);
    const copies = [...index.locations()].filter(({ type }) => type === "data");
    const bytes = objects.get(packKey(copies[number]?.pack ?? "")) as Buffer;
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await forgetAndPrune(repository, []);
    const { index: after } = await loadIndex(repository);
    const good = copies[1 - number]?.pack ?? "";
    expect([...after.locations()].map(({ pack }) => pack)).toContain(good);
    expect(objects.has(packKey(good))).toBe(true);
  });

  test("wants the repository for itself", async () => {
    const { repository } = await testRepository();
    const shared = withLock(repository, { ...testLock, exclusive: false }, (lock) => prune({ repository, lock }));
    await expect(shared).rejects.toThrow(TypeError);
  });
});

describe("prune in threads", () => {
  /** Eight packs of which a half has to move, and what there was. */
  async function halfUsed() {
    const { repository, objects } = await testRepository();
    const kept: Record<string, Buffer> = {};
    const old: Id[] = [];
    for (let day = 1; day <= 8; day++) {
      kept[`kept ${day}`] = randomBytes(100_000);
      const files = { ...kept, gone: randomBytes(100_000) };
      old.push((await testSnapshot(repository, files, `2026-01-0${day}T00:00:00Z`)).id);
    }
    await testSnapshot(repository, kept, "2026-01-09T00:00:00Z");
    const isStored = (key: string): boolean => /^(data|index)/.test(key);
    const stored = [...objects.keys()].filter(isStored);
    return { repository, objects, old, lost: () => stored.filter((key) => !objects.has(key)) };
  }

  const pruneAll = (repository: Repository, old: readonly Id[], options: Partial<PruneOptions>): Promise<PruneReport> =>
    withLock(repository, exclusive, async (lock) => {
      await forgetSnapshots({ repository, lock, snapshots: old });
      return prune({ repository, lock, maxUnusedShare: 0, packing: { threads: 2 }, ...options });
    });

  test("moves several packs at a time", async () => {
    const { repository, old } = await halfUsed();
    expect(await pruneAll(repository, old, {})).toMatchObject({ packsRewritten: 8, bytesUnused: 0 });
    expect(await sound(repository)).toEqual(nothing);
    const { index } = await loadIndex(repository);
    expect([...index.locations()].filter(({ type }) => type === "data")).toHaveLength(8);
  });

  test("removes nothing when a thread fails", async () => {
    const { repository, old, lost } = await halfUsed();
    const program = programOf("throw new Error('out of order')");
    await expect(pruneAll(repository, old, { packing: { threads: 2, program } })).rejects.toThrow("out of order");
    expect(lost()).toEqual([]);
    expect((await sound(repository)).problems).toEqual([]);
  });

  test("tells what it has freed when it cannot remove the rest", async () => {
    const { repository, objects, old } = await halfUsed();
    const bytesStored = () =>
      objects.entries().reduce((sum, [key, { length }]) => sum + (key.startsWith("data/") ? length : 0), 0);
    const before = bytesStored();
    let left = 5;
    const failing = {
      ...repository.storage,
      async delete(key: string) {
        if (key.startsWith("data/") && left-- <= 0) throw new Error("no more");
        await repository.storage.delete(key);
      },
    };
    let freed = 0;
    const onFreed = (bytes: number) => {
      freed += bytes;
    };
    await expect(pruneAll({ ...repository, storage: failing }, old, { onFreed })).rejects.toThrow("no more");
    // Removals under way at the same time end by themselves.
    expect(freed).toBe(before - bytesStored());
    expect(left).toBeLessThan(0);
    const again = await pruneAll(repository, [], { onFreed });
    expect(freed).toBe(before - bytesStored());
    expect(again.bytesFreed).toBeGreaterThan(0);
  });

  test("removes nothing when its lock is lost in the middle", async () => {
    const { repository, old, lost } = await halfUsed();
    const pruning = withLock(repository, exclusive, async (lock) => {
      await forgetSnapshots({ repository, lock, snapshots: old });
      const loss = new AbortController();
      const onProgress = ({ phase }: PruneProgress) => {
        if (phase === "rewrite") loss.abort(new Error("the lock was lost"));
      };
      const losing = { ...lock, signal: loss.signal };
      return prune({ repository, lock: losing, maxUnusedShare: 0, packing: { threads: 1 }, onProgress });
    });
    await expect(pruning).rejects.toThrow("the lock was lost");
    expect(lost()).toEqual([]);
    expect((await sound(repository)).problems).toEqual([]);
  });
});
