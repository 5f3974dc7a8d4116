import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { checkRepository } from "./check.ts";
import { listDocuments, readDocument, writeDocument } from "./documents.ts";
import { forgetSnapshots } from "./forget.ts";
import { decodePacks, encodeIndex, type IndexedPack } from "./index-format.ts";
import { withLock } from "./locks.ts";
import { prune } from "./prune.ts";
import { repairIndex } from "./repair-index.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";

// Restic before 0.10 wrote indexes in which some blobs of a pack are in one file, and some in another (restic#21828 tells of them).

/** A repository whose every pack is named by two index files, with half of its blobs in each. */
async function splitRepository() {
  const { repository } = await testRepository();
  const first = await testSnapshot(repository, { gone: randomBytes(1000) });
  await testSnapshot(repository, { a: randomBytes(1000), b: randomBytes(1000) }, "2026-01-02T00:00:00Z");
  const packs: IndexedPack[] = [];
  for (const { id } of await listDocuments(repository, "index")) {
    packs.push(...decodePacks(await readDocument(repository, "index", id), id));
    await repository.storage.delete(`index/${id}`);
  }
  for (const half of [0, 1]) {
    const halves = packs.map((pack) => ({ ...pack, entries: pack.entries.filter((_, at) => at % 2 === half) }));
    await writeDocument(repository, "index", encodeIndex(halves.filter(({ entries }) => entries.length > 0)));
  }
  expect((await checkRepository({ repository, readData: true })).problems).toEqual([]);
  return { repository, first, packs };
}

test("prune keeps all that several index files tell of one pack", async () => {
  const { repository, first } = await splitRepository();
  await withLock(repository, { ...testLock, exclusive: true }, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots: [first.id] });
    await prune({ repository, lock, maxUnusedShare: 1 });
  });
  expect((await checkRepository({ repository, readData: true })).problems).toEqual([]);
});

test("repair keeps all that several index files tell of a pack whose own header is damaged", async () => {
  const { repository, packs } = await splitRepository();
  for (const { id } of packs) {
    const key = `data/${id.slice(0, 2)}/${id}`;
    const bytes = Buffer.from(await repository.storage.get(key));
    bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 1;
    await repository.storage.delete(key);
    await repository.storage.put(key, bytes);
  }
  const { damagedPacks } = await withLock(repository, { ...testLock, exclusive: true }, (lock) =>
    repairIndex({ repository, lock }),
  );
  const kept = packs.map(({ id, entries }) => ({ pack: id, blobsKept: entries.length }));
  expect(damagedPacks).toEqual(kept.toSorted((a, b) => (a.pack < b.pack ? -1 : 1)));
});
