import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { silentThread } from "../system/testing.ts";
import { createBlobIndex } from "./blob-index.ts";
import { idOf, randomMasterKey } from "./crypto.ts";
import { loadIndex } from "./load-index.ts";
import type { FinishedPack } from "./pack-builder.ts";
import { decodeHeader, headerBytes, openBlob } from "./pack-format.ts";
import { createPackingPool, type PackingPool, type PackingPoolOptions, type PlainBlob } from "./packing-pool.ts";
import { createPackingWriter } from "./packing-writer.ts";
import { testRepository } from "./testing.ts";
import type { MasterKey } from "./types.ts";

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

describe("A writer whose packing fails", () => {
  it.each(dies)("stores no index when a thread %s", async (_, program) => {
    const { repository, objects } = await testRepository();
    const packing = pool({ program });
    const writer = createPackingWriter(packing, { repository, index: createBlobIndex() });
    for (const blob of many.slice(0, 9)) await writer.add(blob).catch(() => {});
    await expect(writer.finish()).rejects.toThrow(/out of order|ended by itself/);
    expect([...objects.keys()].filter((key) => /^(index|data)/.test(key))).toEqual([]);
  });
});

describe("A writer over a pool", () => {
  it("stores packs and their index, and counts them", async () => {
    const { repository } = await testRepository();
    const packing = pool();
    const writer = createPackingWriter(packing, { repository, index: createBlobIndex() });
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
