import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { checkRepository } from "./check.ts";
import { listDocuments, readDocument, writeDocument } from "./documents.ts";
import { forgetSnapshots } from "./forget.ts";
import { decodePacks, encodeIndex, type IndexedPack } from "./index-format.ts";
import { withLock } from "./locks.ts";
import { prune } from "./prune.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";

// Restic before 0.10 wrote indexes in which some blobs of a pack are in one file, and some in another (restic#21828 tells of them).

test("prune keeps all that several index files tell of one pack", async () => {
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
    const document = encodeIndex(halves.filter(({ entries }) => entries.length > 0));
    await writeDocument(repository, "index", document);
  }
  expect((await checkRepository({ repository, readData: true })).problems).toEqual([]);

  await withLock(repository, { ...testLock, exclusive: true }, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots: [first.id] });
    await prune({ repository, lock, maxUnusedShare: 1 });
  });
  expect((await checkRepository({ repository, readData: true })).problems).toEqual([]);
});
