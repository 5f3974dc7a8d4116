import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { describeCopying, describeUploading } from "./conformance-uploads.ts";
import { expectKind, type Fresh, listed } from "./testing.ts";

/** The contract of `storage.ts` as tests, the same for every implementation. */
export function describeStorage(name: string, { fresh }: { readonly fresh: Fresh }): void {
  describe(`${name} as a store`, () => {
    describeReadingAndWriting(fresh);
    describeConditionalPut(fresh);
    describeUploading(fresh);
    describeCopying(fresh);
    describeListing(fresh);
    describeDeleting(fresh);
    describeViews(fresh);
  });
}

function describeReadingAndWriting(fresh: Fresh): void {
  it("says how many puts at a time are worth while, also of a part of it", async () => {
    const storage = await fresh();
    expect(storage.concurrentPuts).toBeGreaterThanOrEqual(1);
    expect(storage.below("part").concurrentPuts).toBe(storage.concurrentPuts);
    expect(storage.below("part").partsAreCheap).toBe(storage.partsAreCheap);
  });

  it.each([0, 1, 4096, 300_001])("gives back %i bytes as they were put", async (size) => {
    const storage = await fresh();
    const data = randomBytes(size);
    await storage.put("data/ab/object", data);
    expect((await storage.get("data/ab/object")).equals(data)).toBe(true);
  });

  it("reads exactly the range asked for", async () => {
    const storage = await fresh();
    const data = randomBytes(10_000);
    await storage.put("object", data);
    for (const [offset, length] of [
      [0, 1],
      [0, 10_000],
      [9_999, 1],
      [123, 4567],
      [77, 0],
    ] as const) {
      const part = await storage.get("object", { offset, length });
      expect(part.equals(data.subarray(offset, offset + length))).toBe(true);
    }
  });

  it("takes what lies in shared memory", async () => {
    const storage = await fresh();
    const data = Buffer.from(new SharedArrayBuffer(100_000), 100, 90_000);
    randomBytes(90_000).copy(data);
    await storage.put("object", data);
    await storage.put("once", data, { ifAbsent: true });
    for (const key of ["object", "once"]) expect((await storage.get(key)).equals(data)).toBe(true);
  });

  it("reads into memory that it is given", async () => {
    const storage = await fresh();
    const data = randomBytes(100_000);
    await storage.put("object", data);
    const memory = Buffer.from(new SharedArrayBuffer(200_000));
    const asked: number[] = [];
    const allocate = (bytes: number): Buffer => {
      asked.push(bytes);
      return memory.subarray(5, 5 + bytes);
    };
    const part = await storage.get("object", { offset: 10, length: 90_000 }, allocate);
    expect([part.buffer, part.byteOffset, part.length]).toEqual([memory.buffer, 5, 90_000]);
    expect(part.equals(data.subarray(10, 90_010))).toBe(true);
    expect((await storage.get("object", undefined, allocate)).equals(data)).toBe(true);
    expect(asked).toEqual([90_000, 100_000]);
  });

  it.each([
    { offset: 90, length: 20 },
    { offset: 100, length: 1 },
    { offset: 5000, length: 10 },
  ])("refuses a range beyond the end instead of answering short: $offset + $length", async (range) => {
    const storage = await fresh();
    await storage.put("object", randomBytes(100));
    await expectKind(storage.get("object", range), "Corrupted");
  });

  it("says NotFound for what is not there, in an empty store too", async () => {
    const storage = await fresh();
    await expectKind(storage.get("config"), "NotFound");
    await expectKind(storage.get("config", { offset: 0, length: 1 }), "NotFound");
    await expectKind(storage.get("config", { offset: 0, length: 0 }), "NotFound");
    await storage.put("other", Buffer.from("x"));
    await expectKind(storage.get("data/00/nothing"), "NotFound");
  });

  it("replaces an object", async () => {
    const storage = await fresh();
    await storage.put("object", Buffer.from("a longer first content"));
    await storage.put("object", Buffer.from("second"));
    expect((await storage.get("object")).toString()).toBe("second");
  });

  it("keeps many puts at once apart", async () => {
    const storage = await fresh();
    const keys = Array.from({ length: 40 }, (_, n) => `data/${(n % 4).toString().padStart(2, "0")}/${n}`);
    await Promise.all(keys.map((key) => storage.put(key, Buffer.from(`content of ${key}`))));
    for (const key of keys) expect((await storage.get(key)).toString()).toBe(`content of ${key}`);
  });

  it("takes a view into a larger buffer for what it shows", async () => {
    const storage = await fresh();
    const whole = randomBytes(1000);
    await storage.put("object", new Uint8Array(whole.buffer, whole.byteOffset + 100, 50));
    expect((await storage.get("object")).equals(whole.subarray(100, 150))).toBe(true);
  });

  it.each(["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b"])("refuses «%s» as a key", async (key) => {
    const storage = await fresh();
    await expect(storage.put(key, Buffer.from("x"))).rejects.toThrow(RangeError);
    await expect(storage.get(key)).rejects.toThrow(RangeError);
  });
}

function describeConditionalPut(fresh: Fresh): void {
  it("puts with ifAbsent once and leaves the first object untouched", async () => {
    const storage = await fresh();
    await storage.put("config", Buffer.from("first"), { ifAbsent: true });
    await expectKind(storage.put("config", Buffer.from("second"), { ifAbsent: true }), "AlreadyExists");
    expect((await storage.get("config")).toString()).toBe("first");
  });

  it("lets exactly one of many ifAbsent puts win", async () => {
    const storage = await fresh();
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => storage.put("config", Buffer.from(`writer ${n}`), { ifAbsent: true })),
    );
    const winners = tries.flatMap((result, n) => (result.status === "fulfilled" ? [n] : []));
    expect(winners).toHaveLength(1);
    expect((await storage.get("config")).toString()).toBe(`writer ${winners[0]}`);
  });
}

function describeListing(fresh: Fresh): void {
  it("lists nothing in an empty store", async () => {
    const storage = await fresh();
    expect(await listed(storage, "")).toEqual([]);
    expect(await listed(storage, "data/")).toEqual([]);
    expect(await storage.listFolders("")).toEqual([]);
  });

  it("lists every object below a prefix with its size", async () => {
    const storage = await fresh();
    await storage.put("config", Buffer.alloc(1));
    await storage.put("data/00/aa", Buffer.alloc(2));
    await storage.put("data/01/bb", Buffer.alloc(3));
    await storage.put("database", Buffer.alloc(4));
    expect(await listed(storage, "")).toEqual([
      { key: "config", size: 1 },
      { key: "data/00/aa", size: 2 },
      { key: "data/01/bb", size: 3 },
      { key: "database", size: 4 },
    ]);
    expect((await listed(storage, "data/")).map(({ key }) => key)).toEqual(["data/00/aa", "data/01/bb"]);
    expect((await listed(storage, "data")).map(({ key }) => key)).toEqual(["data/00/aa", "data/01/bb", "database"]);
    expect((await listed(storage, "data/01/b")).map(({ key }) => key)).toEqual(["data/01/bb"]);
    expect(await listed(storage, "nothing/")).toEqual([]);
  });

  it("dates what it lists, and what was stored later not earlier", async () => {
    const storage = await fresh();
    await storage.put("b", Buffer.alloc(1));
    await new Promise((resolve) => setTimeout(resolve, 1100)); // S3 may round dates to seconds
    await storage.put("a", Buffer.alloc(1));
    const objects = await Array.fromAsync(storage.list(""));
    const [later = 0, earlier = 0] = ["a", "b"].map((key) => objects.find((object) => object.key === key)?.modified);
    expect(later).toBeGreaterThan(earlier);
    expect(Math.abs(later - Date.now())).toBeLessThan(10 * 60_000);
  });

  it("lists more objects than one page holds", async () => {
    const storage = await fresh();
    const keys = Array.from({ length: 1203 }, (_, n) => `index/${n.toString().padStart(5, "0")}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => storage.put(key, Buffer.from(key))));
    }
    expect((await listed(storage, "index/")).map(({ key }) => key)).toEqual(keys);
  });

  it("names the folders directly below a prefix", async () => {
    const storage = await fresh();
    for (const key of ["file", "a/x", "a/y/z", "b/deep/er/x"]) await storage.put(key, Buffer.from("x"));
    expect([...(await storage.listFolders(""))].sort()).toEqual(["a", "b"]);
    expect(await storage.listFolders("a/")).toEqual(["y"]);
    expect(await storage.listFolders("nothing/")).toEqual([]);
  });
}

function describeDeleting(fresh: Fresh): void {
  it("deletes, and does not mind what is not there", async () => {
    const storage = await fresh();
    await storage.put("locks/a", Buffer.from("x"));
    await storage.put("locks/b", Buffer.from("x"));
    await storage.delete("locks/a");
    await storage.delete("locks/a");
    await storage.delete("nowhere/at/all");
    await expectKind(storage.get("locks/a"), "NotFound");
    expect(await listed(storage, "")).toEqual([{ key: "locks/b", size: 1 }]);
  });

  it("deletes nothing where a key is a folder of others, or goes through an object", async () => {
    const storage = await fresh();
    await storage.put("files/folder/object", Buffer.from("x"));
    await storage.delete("files/folder");
    await storage.delete("files/folder/object/below");
    expect(await listed(storage, "")).toEqual([{ key: "files/folder/object", size: 1 }]);
  });

  it("forgets a folder with its last object, and takes new ones there", async () => {
    const storage = await fresh();
    await storage.put("chain/data/00/a", Buffer.from("x"));
    await storage.delete("chain/data/00/a");
    expect(await storage.listFolders("")).toEqual([]);
    await storage.put("chain/data/00/b", Buffer.from("y"));
    expect((await listed(storage, "")).map(({ key }) => key)).toEqual(["chain/data/00/b"]);
  });
}

function describeViews(fresh: Fresh): void {
  it("shows what is below a prefix as a store of its own", async () => {
    const storage = await fresh();
    const view = storage.below("namespace/volume");
    await view.put("keys/k", Buffer.from("key"));
    await storage.put("namespace/volume2/keys/other", Buffer.from("x"));
    expect((await storage.get("namespace/volume/keys/k")).toString()).toBe("key");
    expect(await listed(view, "")).toEqual([{ key: "keys/k", size: 3 }]);
    expect(await view.listFolders("")).toEqual(["keys"]);
    expect((await view.below("keys").get("k")).toString()).toBe("key");
    await view.delete("keys/k");
    expect((await listed(storage, "")).map(({ key }) => key)).toEqual(["namespace/volume2/keys/other"]);
    expect(view.description).not.toBe(storage.description);
  });

  it("goes on working when a view of it is closed", async () => {
    const storage = await fresh();
    storage.below("a").close();
    await storage.put("x", Buffer.from("y"));
    expect((await storage.get("x")).toString()).toBe("y");
  });
}
