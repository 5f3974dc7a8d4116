import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { checkRepository } from "./check.ts";
import { listDocuments, readDocument, writeDocument } from "./documents.ts";
import { forgetSnapshots } from "./forget.ts";
import { withLock } from "./locks.ts";
import { prune } from "./prune.ts";
import { replaceIndexes } from "./replace-indexes.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";
import type { Repository } from "./types.ts";

interface IndexJson {
  readonly supersedes?: unknown;
  readonly later?: unknown;
  readonly packs: readonly {
    readonly id: string;
    readonly later?: unknown;
    readonly blobs: readonly { readonly later?: unknown }[];
  }[];
}

const indexesOf = async (repository: Repository): Promise<[string, IndexJson][]> =>
  Promise.all(
    (await listDocuments(repository, "index")).map(async ({ id }) => [
      id,
      (await readDocument(repository, "index", id)) as IndexJson,
    ]),
  );

/** As a later version of restic might: a field more in the file, in each pack and in each blob. */
async function writeAsLaterVersion(repository: Repository): Promise<void> {
  for (const [id, index] of await indexesOf(repository)) {
    const packs = index.packs.map((pack) => ({
      ...pack,
      later: { of: pack.id },
      blobs: pack.blobs.map((blob, at) => ({ ...blob, later: at })),
    }));
    await writeDocument(repository, "index", { supersedes: [id], later: "file", packs });
    await repository.storage.delete(`index/${id}`);
  }
}

test("fields that we do not know survive when an index is written again, but not the names of files that are gone", async () => {
  const { repository } = await testRepository();
  const first = await testSnapshot(repository, { gone: randomBytes(1000) });
  await testSnapshot(repository, { kept: randomBytes(1000), too: randomBytes(1000) }, "2026-01-02T00:00:00Z");
  await writeAsLaterVersion(repository);
  const before = await indexesOf(repository);
  // So that packs which stay share a file with packs that go.
  await writeDocument(repository, "index", {
    later: "file",
    packs: before.flatMap(([, { packs }]) => packs),
  });
  for (const [id] of before) await repository.storage.delete(`index/${id}`);

  await withLock(repository, { ...testLock, exclusive: true }, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots: [first.id] });
    await prune({ repository, lock, maxUnusedShare: 1 });
  });

  const after = await indexesOf(repository);
  expect(after.flatMap(([, { packs }]) => packs).length).toBeGreaterThan(0);
  for (const [id, index] of after) {
    expect(before.map(([old]) => old)).not.toContain(id);
    expect(index).toMatchObject({ later: "file" });
    expect(index).not.toHaveProperty("supersedes");
    for (const pack of index.packs) {
      expect(pack.later).toEqual({ of: pack.id });
      expect(pack.blobs.map(({ later }) => later)).toEqual(pack.blobs.map((_, at) => at));
    }
  }
  expect((await checkRepository({ repository, readData: true })).problems).toEqual([]);
});

test.each([1, 2])(
  "says what to do about an index file that the store does not give out at reading %i, and leaves all as it was",
  async (failing) => {
    const { repository, storage } = await testRepository();
    await testSnapshot(repository, { file: randomBytes(1000) });
    const [[id, index] = ["", { packs: [] }]] = await indexesOf(repository);
    let readings = 0;
    const unreliable: Storage = {
      ...storage,
      get: async (key, range) => {
        if (key === `index/${id}` && ++readings === failing)
          throw new StorageError("Unreadable", `Could not read ${key}`);
        return storage.get(key, range);
      },
    };
    const obsolete = new Set(index.packs.map((pack) => pack.id));
    const options = {
      repository: { ...repository, storage: unreliable },
      obsolete,
      ownerOf: () => undefined,
      known: new Set([id]),
    };
    const replacing = withLock(repository, { ...testLock, exclusive: true }, (lock) =>
      replaceIndexes({ ...options, lock }),
    );
    await expect(replacing).rejects.toMatchObject({
      kind: "Unreadable",
      message: expect.stringMatching(`remove index/${id} and run repair index`),
    });
    expect(await indexesOf(repository)).toEqual([[id, index]]);
  },
);
