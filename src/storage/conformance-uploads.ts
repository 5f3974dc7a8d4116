import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { expectKind, type Fresh, listed } from "./testing.ts";

/** The part of the contract about objects that come in parts, or from inside the store; see `conformance.ts`. */

const partLength = 5 * 1024 * 1024;

export function describeUploading(fresh: Fresh): void {
  it("makes one object of many parts, and shows nothing of it before", async () => {
    const storage = await fresh();
    const data = randomBytes(2 * partLength + 77);
    const upload = await storage.upload("files/large");
    for (let at = 0; at < data.length; at += partLength) await upload.add(data.subarray(at, at + partLength));
    await expectKind(storage.get("files/large"), "NotFound");
    expect(await listed(storage, "")).toEqual([]);
    await upload.complete();
    expect((await storage.get("files/large")).equals(data)).toBe(true);
    expect(await listed(storage, "")).toEqual([{ key: "files/large", size: data.length }]);
  });

  it("replaces an object by an upload", async () => {
    const storage = await fresh();
    await storage.put("files/object", Buffer.from("before"));
    const upload = await storage.upload("files/object");
    await upload.add(Buffer.from("after"));
    expect((await storage.get("files/object")).toString()).toBe("before");
    await upload.complete();
    expect((await storage.get("files/object")).toString()).toBe("after");
  });

  it("leaves nothing of an upload that was given up, or that nobody ends", async () => {
    const storage = await fresh();
    const given = await storage.upload("files/given up");
    await given.add(Buffer.from("part"));
    await given.abort();
    await storage.put("files/there", Buffer.from("x"));
    const forgotten = await storage.upload("files/folder/forgotten");
    await forgotten.add(Buffer.from("part"));
    await storage.abortUploads("files/");
    await storage.abortUploads("files/");
    expect(await listed(storage, "")).toEqual([{ key: "files/there", size: 1 }]);
  });
}

export function describeCopying(fresh: Fresh): void {
  it("copies an object, replacing what was there, and leaves the first as it is", async () => {
    const storage = await fresh();
    const data = randomBytes(100_000);
    await storage.put("staging/a", data);
    await storage.put("files/naïve ☃ + % name", Buffer.from("before"));
    for (const key of ["files/naïve ☃ + % name", "files/new/folder/name"]) {
      await storage.copy("staging/a", key);
      await storage.copy("staging/a", key);
      expect((await storage.get(key)).equals(data)).toBe(true);
    }
    await storage.copy("files/naïve ☃ + % name", "files/again");
    await storage.delete("staging/a");
    expect((await listed(storage, "")).map(({ key }) => key)).toEqual([
      "files/again",
      "files/naïve ☃ + % name",
      "files/new/folder/name",
    ]);
    expect((await storage.get("files/again")).equals(data)).toBe(true);
  });

  it("says NotFound when there is nothing to copy", async () => {
    const storage = await fresh();
    await expectKind(storage.copy("nothing", "files/a"), "NotFound");
    expect(await listed(storage, "")).toEqual([]);
  });
}
