import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { withBadSector } from "../storage/testing.ts";
import { checkRepository } from "./check.ts";
import type { ReadData } from "./check-options.ts";
import { isChosen } from "./check-packs.ts";
import { writeDocument } from "./documents.ts";
import { encodeIndex } from "./index-format.ts";
import { loadIndex } from "./load-index.ts";
import { packKey } from "./pack-cache.ts";
import type { PackEntry } from "./pack-format.ts";
import { testRepository, testSnapshot } from "./testing.ts";
import type { BlobLocation, BlobType, Repository, Snapshot } from "./types.ts";

let repository: Repository;
let objects: Map<string, Buffer>;
let snapshots: Snapshot[];
let firstPacks: ReadonlySet<string>;

beforeEach(async () => {
  ({ repository, objects } = await testRepository());
  const shared = randomBytes(50_000);
  const first = await testSnapshot(repository, { shared, "only first": randomBytes(50_000) });
  firstPacks = new Set(objects.keys());
  snapshots = [
    first,
    await testSnapshot(repository, { shared, "only second": randomBytes(50_000) }, "2026-01-02T00:00:00Z"),
  ];
});

const check = (readData: ReadData = false) => checkRepository({ repository, readData });

const packOf = async (type: BlobType, number: number): Promise<string> => {
  const { index } = await loadIndex(repository);
  const packs = new Set([...index.locations()].filter((location) => location.type === type).map(({ pack }) => pack));
  return packKey([...packs][number] ?? "");
};

const flip = (key: string, at: number): void => {
  const bytes = objects.get(key) as Buffer;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
};

describe("checkRepository", () => {
  test("finds nothing in a sound repository, and reads all of it when asked", async () => {
    const report = await check(true);
    expect(report).toMatchObject({ problems: [], hints: [], affected: [], snapshots: 2, packs: 4, blobs: 7 });
    expect(report.bytesRead).toBe(
      [...objects].filter(([key]) => key.startsWith("data/")).reduce((sum, [, { length }]) => sum + length, 0),
    );
    expect((await check()).bytesRead).toBe(0);
  });

  test("names the snapshots and files that a missing pack touches", async () => {
    const first = (await packsByAge("data"))[0] as string;
    objects.delete(first);
    const report = await check();
    expect(report.problems).toEqual([`pack ${first.slice(8)} is missing`]);
    expect(report.affected).toEqual([
      { snapshot: snapshots[1]?.id, path: "/files/shared" },
      { snapshot: snapshots[0]?.id, path: "/files/only first" },
      { snapshot: snapshots[0]?.id, path: "/files/shared" },
    ]);
  });

  test("notices a changed byte of data only by reading it, and names the file", async () => {
    flip((await packsByAge("data"))[1] as string, 100);
    expect((await check()).problems).toEqual([]);
    const { problems, affected } = await check(true);
    expect(problems).toEqual([
      expect.stringMatching(/content does not fit its name/),
      expect.stringMatching(/data blob .* is damaged/),
    ]);
    expect(affected).toEqual([{ snapshot: snapshots[1]?.id, path: "/files/only second" }]);
  });

  test("notices a damaged tree, and names the folder", async () => {
    flip((await packsByAge("tree"))[1] as string, 40);
    const { problems, affected } = await check();
    expect(problems).toEqual([expect.stringMatching(/tree blob .* is damaged or missing/)]);
    expect(affected).toEqual([{ snapshot: snapshots[1]?.id, path: "/files/" }]);
  });

  test.each([
    ["truncated", (bytes: Buffer) => bytes.subarray(0, -1), /bytes instead of/],
    ["longer", (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]), /bytes instead of/],
  ])("notices a pack that is %s", async (_, change, message) => {
    const key = await packOf("data", 0);
    objects.set(key, change(objects.get(key) as Buffer));
    expect((await check()).problems).toEqual([expect.stringMatching(message)]);
  });

  test("notices a pack in the place of another", async () => {
    const [one = "", two = ""] = await packsByAge("data");
    objects.set(one, objects.get(two) as Buffer);
    const { problems } = await check(true);
    expect(problems).toContainEqual(expect.stringMatching(/content does not fit its name/));
  });

  test.each(["snapshots/", "index/", "keys/"])("notices a damaged file below %s", async (folder) => {
    const key = [...objects.keys()].find((name) => name.startsWith(folder)) as string;
    flip(key, 10);
    const { problems } = await check();
    expect(problems[0]).toContain(key);
  });

  test("takes what a killed run left for no problem", async () => {
    objects.set(packKey("f".repeat(64)), Buffer.from("x"));
    expect(await check()).toMatchObject({ problems: [], hints: [expect.stringMatching(/1 packs are in no index/)] });
  });

  test.each(["first", "last"])(
    "names a blob whose copies are of different lengths, if the lie is read %s",
    async (place) => {
      const locations = [...(await loadIndex(repository)).index.locations()];
      const { id, pack, plainLength } = locations.find(({ type }) => type === "data") as BlobLocation;
      const lost = "ab".repeat(32);
      const lie: PackEntry = {
        id,
        type: "data",
        offset: 0,
        length: 32,
        plainLength: plainLength - 7,
        compressed: true,
      };
      const index = await writeDocument(repository, "index", encodeIndex([{ id: lost, entries: [lie] }]));
      const storage: Storage = {
        ...repository.storage,
        async *list(prefix) {
          const found = await Array.fromAsync(repository.storage.list(prefix));
          const isLie = ({ key }: StoredObject): boolean => key === `index/${index}`;
          const others = found.filter((object) => !isLie(object));
          yield* place === "first" ? [...found.filter(isLie), ...others] : [...others, ...found.filter(isLie)];
        },
      };
      const { problems } = await checkRepository({ repository: { ...repository, storage } });
      const said = problems.find((problem) => problem.startsWith(`data blob ${id}: `));
      expect(said).toContain(`${plainLength} bytes in pack ${pack}`);
      expect(said).toContain(`${plainLength - 7} bytes in pack ${lost}`);
    },
  );

  test.each([false, true])("names the file on a bad sector, and looks at everything else: tree %s", async (isTree) => {
    const { index } = await loadIndex(repository);
    const blob = [...index.locations()].find(({ type, pack }) =>
      isTree ? type === "tree" : type === "data" && !firstPacks.has(packKey(pack)),
    ) as BlobLocation;
    const key = packKey(blob.pack);
    const storage = withBadSector(repository.storage, key, blob.offset + 5);
    const report = await checkRepository({ repository: { ...repository, storage }, readData: true });
    expect(report.problems).toContainEqual(expect.stringMatching(`${blob.pack} cannot be read whole at present.*EIO`));
    expect(report).toMatchObject({ packs: 4, blobs: 7 });
    const size = (objects.get(key) as Buffer).length;
    const all = [...objects]
      .filter(([name]) => name.startsWith("data/"))
      .reduce((sum, [, { length }]) => sum + length, 0);
    expect(report.bytesRead).toBeGreaterThanOrEqual(all - size);
    expect(report.bytesRead).toBeLessThan(all - blob.length);
    const touched = report.affected.map(({ path }) => path);
    expect(new Set(touched).size).toBe(1);
  });

  test("does not call a store that fails a damaged repository", async () => {
    const storage = { ...repository.storage, get: () => Promise.reject(new StorageError("Unreachable", "no route")) };
    await expect(checkRepository({ repository: { ...repository, storage } })).rejects.toMatchObject({
      kind: "Unreachable",
    });
  });
});

/** Pack keys, the first snapshot's before the second's. */
async function packsByAge(type: BlobType): Promise<string[]> {
  const { index } = await loadIndex(repository);
  const packs = [
    ...new Set([...index.locations()].filter((location) => location.type === type).map(({ pack }) => pack)),
  ];
  return packs.map(packKey).sort((a, b) => Number(firstPacks.has(b)) - Number(firstPacks.has(a)));
}

test("parts of the data are disjoint, and all of them together are everything", () => {
  const packs = Array.from({ length: 500 }, () => randomBytes(32).toString("hex"));
  const parts = [1, 2, 3, 4, 5].map((part) => packs.filter((pack) => isChosen(pack, { part, of: 5 })));
  expect(parts.flat().sort()).toEqual(packs.toSorted());
  for (const part of parts) expect(part.length).toBeGreaterThan(50);
});
