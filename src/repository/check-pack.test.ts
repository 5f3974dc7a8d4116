import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { withBadSector } from "../storage/testing.ts";
import { checkPack } from "./check-pack.ts";
import { createFindings } from "./findings.ts";
import { createInspectionPool } from "./inspection-pool.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { packKey } from "./pack-cache.ts";
import { payloadOf } from "./pack-format.ts";
import { testRepository } from "./testing.ts";
import type { BlobLocation, Id, Repository } from "./types.ts";

let repository: Repository;
let objects: Map<string, Buffer>;
let pack: Id;
let indexed: readonly BlobLocation[];
let size: number;

/** Six blobs of some 10 kB. */
beforeEach(async () => {
  ({ repository, objects } = await testRepository());
  const builder = createPackBuilder(repository.master);
  for (let blob = 0; blob < 6; blob++) builder.add(payloadOf("data", randomBytes(10_000)));
  const [made] = builder.finish();
  if (!made) throw new Error("there is one");
  pack = made.id;
  size = made.bytes.length;
  indexed = made.entries.map((entry) => ({ ...entry, pack }));
  objects.set(packKey(pack), Buffer.from(made.bytes));
});

/** Two blobs go into a part. */
const smallParts = 25_000;

async function check(most: number | "Usual" = smallParts, blobs = indexed, storage: Storage = repository.storage) {
  const findings = createFindings();
  const inspections = createInspectionPool(repository.master, { plainBytes: 0 });
  const options = { repository: { ...repository, storage }, inspections, findings, ...(most !== "Usual" && { most }) };
  const bytesRead = await checkPack({ pack, size, indexed: blobs }, options);
  const damaged = blobs.flatMap((blob, place) => (findings.isDamagedCopy(blob) ? [place] : []));
  return { bytesRead, problems: findings.problems, damaged };
}

const flip = (at: number): void => {
  const bytes = objects.get(packKey(pack)) as Buffer;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
};
const changed = (place: number, change: Partial<BlobLocation>) =>
  indexed.map((blob, at) => (at === place ? { ...blob, ...change } : blob));

describe("checkPack", () => {
  it("finds nothing in a sound pack, however it is divided, and reads each byte once", async () => {
    for (const partBytes of [1, 10_050, smallParts, 40_000, Number.POSITIVE_INFINITY])
      for (const blobs of [indexed, indexed.slice(1, 3), indexed.toReversed(), [...indexed, ...indexed], []])
        expect(await check(partBytes, blobs)).toEqual({ bytesRead: size, problems: [], damaged: [] });
  });

  it("finds every damage, whether the pack is divided or not", async () => {
    const misnamed = expect.stringContaining("does not fit its name");
    for (const [at, more, damaged] of [
      [5, [/data blob .* is damaged/], [0]],
      [indexed[3]?.offset ?? 0, [/data blob .* is damaged/], [3]],
      [size - 1, [/header is damaged/], []],
      [size - 50, [/header is damaged/], []],
    ] as const) {
      flip(at);
      const found = await check();
      expect(found.problems).toEqual([misnamed, ...more.map((text) => expect.stringMatching(text))]);
      expect(found.damaged).toEqual(damaged);
      expect(await check(Number.POSITIVE_INFINITY)).toEqual(found);
      flip(at);
    }
  });

  it("finds what nobody needs changed, too", async () => {
    flip((indexed[2]?.offset ?? 0) + 100);
    const others = indexed.filter((_, place) => place !== 2);
    expect(await check(smallParts, others)).toMatchObject({
      problems: [expect.stringContaining("does not fit its name")],
      damaged: [],
    });
  });

  it.each([
    ["that a blob is longer", 3, { length: 12_000 }],
    ["that a blob is elsewhere", 3, { offset: 31_000 }],
    ["that a blob lies in the header", 5, { offset: 60_250, length: 20 }],
    ["that a blob lies beyond the end", 5, { offset: 70_000 }],
  ])("finds it wrong where the index says %s", async (_, place, change) => {
    const blobs = changed(place, change);
    const { problems, damaged } = await check(smallParts, blobs);
    expect(problems).toEqual([
      expect.stringMatching(/the index says that it holds .* its header does not/),
      expect.stringMatching(/data blob .* is damaged/),
    ]);
    expect(damaged).toEqual([place]);
    for (const partBytes of [1, Number.POSITIVE_INFINITY])
      expect(await check(partBytes, blobs)).toMatchObject({ problems, damaged });
  });

  it("takes for lost what is not there of a pack that is shorter than it was listed", async () => {
    const whole = objects.get(packKey(pack)) as Buffer;
    const problems = [`pack ${pack} cannot be read whole`];
    for (const [left, damaged] of [
      [size - 1, []],
      [(indexed[4]?.offset ?? 0) + 100, [4, 5]],
      [0, [0, 1, 2, 3, 4, 5]],
    ] as const) {
      objects.set(packKey(pack), whole.subarray(0, left));
      expect(await check()).toMatchObject({ problems, damaged });
      expect(await check(Number.POSITIVE_INFINITY)).toMatchObject({ problems, damaged });
    }
  });

  it("takes all for lost where the pack is gone", async () => {
    objects.delete(packKey(pack));
    const lost = { problems: [`pack ${pack} cannot be read whole`], damaged: [0, 1, 2, 3, 4, 5] };
    expect(await check()).toEqual({ ...lost, bytesRead: 0 });
  });

  it("looks at each blob of what cannot be read, and twice at none that can", async () => {
    flip(5);
    const at = (indexed[3]?.offset ?? 0) + 10;
    const found = await check(smallParts, indexed, withBadSector(repository.storage, packKey(pack), at));
    expect(found.problems).toEqual([
      expect.stringMatching(/cannot be read whole at present.*the disk reports an error/),
    ]);
    expect(found.damaged).toEqual([0, 3]);
    const lengths = indexed.map(({ length }) => length);
    expect(found.bytesRead).toBe(lengths.reduce((sum, length) => sum + length) - (lengths[3] ?? 0));
  });

  it.each([true, false])("reads it whole where parts are not cheap: %s", async (partsAreCheap) => {
    const builder = createPackBuilder(repository.master);
    for (let blob = 0; blob < 12; blob++) builder.add(payloadOf("data", randomBytes(1024 * 1024)));
    const [made] = builder.finish();
    if (!made) throw new Error("there is one");
    [pack, size, indexed] = [made.id, made.bytes.length, made.entries.map((entry) => ({ ...entry, pack: made.id }))];
    objects.set(packKey(pack), Buffer.from(made.bytes));
    const lengths: number[] = [];
    const storage: Storage = {
      ...repository.storage,
      partsAreCheap,
      get(key, range, allocate) {
        lengths.push(range?.length ?? 0);
        return repository.storage.get(key, range, allocate);
      },
    };
    expect(await check("Usual", indexed, storage)).toEqual({ bytesRead: size, problems: [], damaged: [] });
    expect(lengths.reduce((sum, length) => sum + length)).toBe(size);
    expect(lengths).toHaveLength(partsAreCheap ? 4 : 1);
  });

  it("judges nothing where the store fails", async () => {
    const failing: Storage = {
      ...repository.storage,
      get: async () => {
        throw new StorageError("Unreachable", "The store does not answer.", { transient: true });
      },
    };
    await expect(check(smallParts, indexed, failing)).rejects.toThrow("does not answer");
  });
});
