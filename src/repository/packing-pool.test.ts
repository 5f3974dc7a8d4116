import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { silentThread } from "../system/testing.ts";
import { createBlobIndex } from "./blob-index.ts";
import { readBlob } from "./blobs.ts";
import { idOf, randomMasterKey } from "./crypto.ts";
import { loadIndex } from "./load-index.ts";
import type { FinishedPack } from "./pack-builder.ts";
import { decodeHeader, headerBytes, openBlob } from "./pack-format.ts";
import { createPackWriter } from "./pack-writer.ts";
import { createPackingPool, type PackingPool, type PackingPoolOptions, type PlainBlob } from "./packing-pool.ts";
import type { SealedBlobs } from "./packing-work.ts";
import { testRepository } from "./testing.ts";
import type { BlobLocation, Id, MasterKey } from "./types.ts";

const pools: PackingPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function pool(options: PackingPoolOptions = {}): PackingPool {
  const made = createPackingPool({ threads: 2, ...options });
  pools.push(made);
  return made;
}

const blobOf = (bytes: Buffer, type: PlainBlob["type"] = "data"): PlainBlob => ({ id: idOf(bytes), type, bytes });
const many = Array.from({ length: 40 }, (_, at) =>
  at % 2 ? blobOf(randomBytes(500_000)) : blobOf(Buffer.alloc(700_000, `line ${at}, `)),
);
const small = [blobOf(Buffer.from("a file")), blobOf(Buffer.from('{"nodes":[]}\n'), "tree"), blobOf(Buffer.alloc(0))];
const huge = [blobOf(randomBytes(20_000_000), "tree"), blobOf(Buffer.from("behind it"))];

const dies: readonly [string, URL][] = [
  ["throws", new URL("data:text/javascript,throw new Error('out of order')")],
  ["ends", new URL("data:text/javascript,process.exit(0)")],
];

/** Everything that packs hold, by id. Fails where one cannot be opened. */
function contentsOf(packs: readonly FinishedPack[], master: MasterKey): Map<string, Buffer | undefined> {
  const found = new Map<string, Buffer | undefined>();
  for (const { id, bytes } of packs) {
    expect(idOf(bytes)).toBe(id);
    const header = bytes.subarray(bytes.length - (headerBytes(bytes, bytes.length) ?? 0));
    for (const entry of decodeHeader(master, header, bytes.length) ?? []) {
      const sealed = bytes.subarray(entry.offset, entry.offset + entry.length);
      found.set(entry.id, openBlob(master, sealed, entry));
    }
  }
  return found;
}

async function add(to: PackingPool, lanes: { add(blob: PlainBlob): void }[], blobs: readonly PlainBlob[]) {
  for (const { id, type, bytes } of blobs) {
    const borrowed = Buffer.from(bytes);
    for (const lane of lanes) lane.add({ id, type, bytes: borrowed });
    borrowed.fill(0xee);
    await to.room();
  }
}

describe("createPackingPool", () => {
  it.each([
    ["little, in its own thread", small],
    ["much, in several threads", [...many, ...small]],
    ["what is longer than any pack", huge],
  ])("packs %s: each lane gets its blobs, sealed with its key", async (_, blobs) => {
    const packing = pool();
    const masters = [randomMasterKey(), randomMasterKey()];
    const packs: FinishedPack[][] = [[], []];
    const lanes = masters.map((master, at) => packing.open(master, (pack) => packs[at]?.push(pack)));
    await add(packing, lanes, blobs);
    await add(packing, lanes.slice(1), [blobOf(Buffer.from("only for the second"))]);
    for (const lane of lanes) await lane.flush();
    for (const [at, master] of masters.entries()) {
      const contents = contentsOf(packs[at] ?? [], master);
      expect(contents.size).toBe(blobs.length + at);
      for (const { id, bytes } of blobs) expect(contents.get(id)?.equals(bytes)).toBe(true);
    }
  });

  it("takes a lane that comes later, and more after a flush", async () => {
    const packing = pool();
    const packs: FinishedPack[] = [];
    const first = packing.open(randomMasterKey(), () => {});
    await add(packing, [first], many);
    const master = randomMasterKey();
    const second = packing.open(master, (pack) => packs.push(pack));
    await add(packing, [second], many.slice(0, 9));
    await second.flush();
    await add(packing, [second], many.slice(9));
    await second.flush();
    expect(contentsOf(packs, master).size).toBe(many.length);
  });

  it("starts no thread for little", async () => {
    const packing = pool({ program: dies[0]?.[1] as URL });
    const packs: FinishedPack[] = [];
    const lane = packing.open(randomMasterKey(), (pack) => packs.push(pack));
    await add(packing, [lane], small);
    await lane.flush();
    expect(packs).toHaveLength(2);
  });

  it.each(dies)("fails every lane when a thread %s, and never takes the blobs for packed", async (_, program) => {
    const packing = pool({ program });
    const lanes = [1, 2].map(() => packing.open(randomMasterKey(), () => {}));
    const adding = add(packing, lanes, [...many, ...many]);
    await expect(adding).rejects.toThrow(/out of order|ended by itself/);
    for (const lane of lanes) await expect(lane.flush()).rejects.toThrow(/out of order|ended by itself/);
  });

  it("does itself what the threads have no time for", async () => {
    const packing = pool({ program: silentThread });
    const master = randomMasterKey();
    const packs: FinishedPack[] = [];
    const lane = packing.open(master, (pack) => packs.push(pack));
    for (let round = 0; round < 4; round++) await add(packing, [lane], many);
    expect(contentsOf(packs, master).size).toBeGreaterThan(10);
  });

  it("does not leave anybody waiting when it is closed", async () => {
    const packing = pool({ program: silentThread });
    const lane = packing.open(randomMasterKey(), () => {});
    for (const blob of many.slice(0, 8)) lane.add(blob);
    const flushing = expect(lane.flush()).rejects.toThrow("ended");
    const waiting = packing.room();
    await packing.close();
    await flushing;
    await waiting;
  });
});

/** Packs of blobs, each as what is to be moved; in shared memory, as they come from a store. */
async function sealedPacks(master: MasterKey, blobs: readonly PlainBlob[]): Promise<SealedBlobs[]> {
  const packs: FinishedPack[] = [];
  const packing = pool({ threads: 0 });
  const lane = packing.open(master, (pack) => packs.push(pack));
  await add(packing, [lane], blobs);
  await lane.flush();
  return packs.map(({ id, bytes, entries }) => {
    const shared = Buffer.from(new SharedArrayBuffer(bytes.length));
    bytes.copy(shared);
    return { bytes: shared, start: 0, locations: entries.map((entry) => ({ ...entry, pack: id })) };
  });
}

/** Changes a byte of one of the blobs. */
function damage({ bytes, start, locations }: SealedBlobs, place: number): BlobLocation {
  const location = locations[place] as BlobLocation;
  const at = location.offset - start + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return location;
}

describe("Moving sealed blobs", () => {
  it.each([0, 2])("puts them into new packs, and tells which are no good, with %i threads", async (threads) => {
    const master = randomMasterKey();
    const pieces = [...(await sealedPacks(master, many)), ...(await sealedPacks(master, [...huge, ...small]))];
    const [first] = pieces;
    if (!first) throw new Error("there is one");
    const lost = [3, 5].map((place) => damage(first, place));
    const packing = pool({ threads });
    const packs: FinishedPack[] = [];
    const lane = packing.open(master, (pack) => packs.push(pack));
    const damaged = await Promise.all(pieces.map((piece) => lane.move(piece)));
    await lane.flush();
    expect(damaged).toEqual(pieces.map((piece) => (piece === first ? lost : [])));
    const contents = contentsOf(packs, master);
    const isLost = (id: Id): boolean => lost.some((location) => location.id === id);
    for (const { id, bytes } of [...many, ...huge, ...small]) {
      if (isLost(id)) expect(contents.has(id)).toBe(false);
      else expect(contents.get(id)?.equals(bytes)).toBe(true);
    }
  });

  it("takes a part of a pack, from wherever it begins", async () => {
    const master = randomMasterKey();
    const [whole] = await sealedPacks(master, many.slice(0, 4));
    if (!whole) throw new Error("there is one");
    const locations = whole.locations.slice(2);
    const start = locations[0]?.offset ?? 0;
    const packs: FinishedPack[] = [];
    const lane = pool().open(master, (pack) => packs.push(pack));
    expect(await lane.move({ bytes: whole.bytes.subarray(start), start, locations })).toEqual([]);
    await lane.flush();
    expect([...contentsOf(packs, master).keys()]).toEqual(locations.map(({ id }) => id));
  });

  it.each(dies)("fails when a thread %s, whoever was moving what", async (_, program) => {
    const master = randomMasterKey();
    const pieces = await sealedPacks(master, many.slice(0, 2));
    const lane = pool({ program }).open(master, () => {});
    const moves = Array.from({ length: 5 }, () => lane.move(pieces[0] as SealedBlobs));
    const results = await Promise.allSettled(moves);
    expect(results.filter(({ status }) => status === "rejected").length).toBeGreaterThanOrEqual(4);
    await expect(lane.flush()).rejects.toThrow(/out of order|ended by itself/);
  });
});

describe("A writer whose packing fails", () => {
  it.each(dies)("stores no index when a thread %s", async (_, program) => {
    const { repository, objects } = await testRepository();
    const packing = pool({ program });
    const writer = createPackWriter(packing, { repository, index: createBlobIndex() });
    for (const blob of many.slice(0, 9)) await writer.add(blob).catch(() => {});
    await expect(writer.finish()).rejects.toThrow(/out of order|ended by itself/);
    expect([...objects.keys()].filter((key) => /^(index|data)/.test(key))).toEqual([]);
  });
});

describe("A writer over a pool", () => {
  it("takes elsewhere what is damaged where it lies", async () => {
    const { repository } = await testRepository();
    const writer = createPackWriter(pool(), { repository, index: createBlobIndex() });
    const [piece] = await sealedPacks(repository.master, many.slice(0, 6));
    if (!piece) throw new Error("there is one");
    const lost = damage(piece, 2);
    const asked: BlobLocation[] = [];
    await writer.move(piece, async (location) => {
      asked.push(location);
      return many.find(({ id }) => id === location.id)?.bytes as Buffer;
    });
    await writer.finish();
    expect(asked).toEqual([lost]);
    const indexed = await loadIndex(repository);
    for (const { id, type, bytes } of many.slice(0, 6))
      expect((await readBlob(indexed, id, type)).equals(bytes)).toBe(true);
    expect(writer.counts.dataBlobs).toBe(6);
  });

  it("stores packs and their index, and counts them", async () => {
    const { repository } = await testRepository();
    const packing = pool();
    const writer = createPackWriter(packing, { repository, index: createBlobIndex() });
    for (const blob of [...many, ...small]) {
      expect(writer.has(blob.id, blob.type)).toBe(false);
      await writer.add(blob);
      expect(writer.has(blob.id, blob.type)).toBe(true);
      await packing.room();
    }
    await writer.finish();
    const { index } = await loadIndex(repository);
    expect([...many, ...small].every(({ id, type }) => index.has(id, type))).toBe(true);
    expect(writer.counts).toMatchObject({ dataBlobs: 42, treeBlobs: 1 });
  });
});
