import { describe, expect, it, vi } from "vitest";
import { StorageError } from "./errors.ts";
import { retrying } from "./retry.ts";
import type { Storage } from "./storage.ts";

const quick = { firstPauseMs: 1, longestPauseMs: 2, firstContactMs: 40, outageMs: 400 };
const unreachable = () => new StorageError("Unreachable", "Could not read it: no answer", { transient: true });
const overloaded = () => new StorageError("Failed", "Could not read it: overloaded", { transient: true });

const storage = (parts: Partial<Storage>): Storage => ({
  description: "a store",
  concurrentPuts: 1,
  partsAreCheap: true,
  get: async () => Buffer.from("x"),
  put: async () => undefined,
  copy: async () => undefined,
  upload: async () => ({ add: async () => undefined, complete: async () => undefined, abort: async () => undefined }),
  abortUploads: async () => undefined,
  list: async function* () {},
  listFolders: async () => [],
  delete: async () => undefined,
  below: () => storage(parts),
  close: () => undefined,
  ...parts,
});

describe("retrying", () => {
  it("repeats a part of an upload, and not the upload", async () => {
    const add = vi.fn(async () => undefined);
    add.mockRejectedValueOnce(overloaded());
    const complete = vi.fn(async () => undefined);
    complete.mockRejectedValueOnce(unreachable());
    const upload = vi.fn(async () => ({ add, complete, abort: async () => undefined }));
    const begun = await retrying(storage({ upload }), quick).upload("key");
    await begun.add(Buffer.from("part"));
    await begun.complete();
    expect([upload, add, complete].map((each) => each.mock.calls.length)).toEqual([1, 2, 2]);
  });

  it("repeats what failed for a passing reason", async () => {
    const get = vi.fn(async () => Buffer.from("content"));
    get.mockRejectedValueOnce(overloaded()).mockRejectedValueOnce(unreachable());
    expect((await retrying(storage({ get }), quick).get("key")).toString()).toBe("content");
    expect(get).toHaveBeenCalledTimes(3);
  });

  it.each([
    new StorageError("NotFound", "not there"),
    new StorageError("CredentialsRejected", "no"),
    new TypeError("a mistake of ours"),
  ])("hands on at once what will not pass: $message", async (error) => {
    const get = vi.fn(async () => Promise.reject(error));
    await expect(retrying(storage({ get }), quick).get("key")).rejects.toBe(error);
    expect(get).toHaveBeenCalledTimes(1);
  });

  it("gives up on a store that never answered, and says how often it tried", async () => {
    const started = performance.now();
    const get = async () => Promise.reject(unreachable());
    await expect(retrying(storage({ get }), quick).get("key")).rejects.toMatchObject({
      kind: "Unreachable",
      message: expect.stringMatching(/^Could not read it: no answer \(tried \d+ times in 1 s\)$/),
    });
    expect(performance.now() - started).toBeLessThan(300);
  });

  it("is more patient with a store that did answer before, through its views too", async () => {
    let calls = 0;
    const get = async () => (++calls > 60 ? Buffer.from("back") : Promise.reject(unreachable()));
    const patient = retrying(storage({ get, listFolders: async () => ["answered"] }), quick);
    await patient.listFolders("");
    expect((await patient.below("a").get("key")).toString()).toBe("back");
    calls = 0;
    await expect(retrying(storage({ get }), quick).get("key")).rejects.toThrow("no answer");
  });

  it("tells one object that is never given out from a store that is", async () => {
    const isBad = (key: string) => key.startsWith("bad");
    const get = vi.fn(async (key: string) => (isBad(key) ? Promise.reject(overloaded()) : Buffer.from("x")));
    const store = retrying(storage({ get }), quick);
    // Nothing was read yet that could be read again.
    await expect(store.get("bad 1")).rejects.toMatchObject({ kind: "Failed" });
    await store.get("good");
    const expected = {
      kind: "Unreadable",
      message: expect.stringMatching(/overloaded.*while other objects can be read/),
    };
    await expect(store.get("bad 1")).rejects.toMatchObject(expected);
    const before = get.mock.calls.length;
    const started = performance.now();
    await expect(store.get("bad 2")).rejects.toMatchObject(expected);
    // It is not waited for as long again.
    expect(get.mock.calls.length - before).toBeGreaterThan(2);
    expect(performance.now() - started).toBeLessThan(quick.outageMs);
    // Other parts of it are asked for once.
    get.mockClear();
    await expect(store.get("bad 1", { offset: 0, length: 1 })).rejects.toMatchObject({ kind: "Unreadable" });
    expect(get.mock.calls.map(([key]) => key)).toEqual(["bad 1", "good"]);
  });

  it("waits a whole outage out, also after an object that is never given out", async () => {
    let isDown = false;
    const get = async (key: string) =>
      key === "bad" ? Promise.reject(overloaded()) : isDown ? Promise.reject(unreachable()) : Buffer.from("x");
    const store = retrying(storage({ get }), quick);
    await store.get("good");
    await expect(store.get("bad")).rejects.toMatchObject({ kind: "Unreadable" });
    isDown = true;
    setTimeout(() => (isDown = false), quick.outageMs * 0.7);
    expect((await store.get("another")).toString()).toBe("x");
  });

  it("calls no object unreadable while the store gives out none, or is not to be waited for", async () => {
    let isDown = false;
    const get = async () => (isDown ? Promise.reject(unreachable()) : Buffer.from("x"));
    const store = retrying(storage({ get }), quick);
    await store.get("one");
    isDown = true;
    await expect(store.get("another")).rejects.toMatchObject({ kind: "Unreachable" });

    const controller = new AbortController();
    const another = async (key: string) => (key === "bad" ? Promise.reject(overloaded()) : Buffer.from("x"));
    const stopped = retrying(storage({ get: another }), { ...quick, signal: controller.signal });
    await stopped.get("good");
    const reading = stopped.get("bad");
    controller.abort();
    await expect(reading).rejects.toMatchObject({ kind: "Failed" });
  });

  it("does not wait for an outage to end once the task was stopped", async () => {
    const controller = new AbortController();
    const get = async () => Promise.reject(unreachable());
    const options = { firstPauseMs: 60_000, longestPauseMs: 60_000, firstContactMs: 600_000 };
    const reading = retrying(storage({ get }), { ...options, signal: controller.signal }).get("key");
    setTimeout(() => controller.abort(), 30);
    const started = performance.now();
    await expect(reading).rejects.toMatchObject({ kind: "Unreachable" });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it("knows its own object when the answer to a conditional put was lost", async () => {
    let stored: Buffer | undefined;
    const put = async (_: string, data: Uint8Array) => {
      if (stored) throw new StorageError("AlreadyExists", "there is one");
      stored = Buffer.from(data);
      throw unreachable();
    };
    const lossy = retrying(storage({ put, get: async () => stored as Buffer }), quick);
    await lossy.put("config", Buffer.from("ours"), { ifAbsent: true });
    await expect(lossy.put("config", Buffer.from("theirs"), { ifAbsent: true })).rejects.toMatchObject({
      kind: "AlreadyExists",
    });
  });

  it("does not take another writer's object for its own", async () => {
    const put = vi.fn(async () => Promise.reject(new StorageError("AlreadyExists", "there is one")));
    put.mockRejectedValueOnce(unreachable());
    const get = async () => Buffer.from("theirs");
    const promise = retrying(storage({ put, get }), quick).put("config", Buffer.from("ours"), { ifAbsent: true });
    await expect(promise).rejects.toMatchObject({ kind: "AlreadyExists" });
  });

  it("goes on with a list that broke off, naming nothing twice", async () => {
    let broken = 0;
    const list = async function* () {
      yield { key: "a", size: 1, modified: 0 };
      yield { key: "b", size: 1, modified: 0 };
      if (broken++ < 2) throw overloaded();
      yield { key: "c", size: 1, modified: 0 };
    };
    const keys: string[] = [];
    for await (const { key } of retrying(storage({ list }), quick).list("")) keys.push(key);
    expect(keys).toEqual(["a", "b", "c"]);
  });

  it("never ends a list early: what does not pass is thrown", async () => {
    const list = async function* () {
      yield { key: "a", size: 1, modified: 0 };
      throw new StorageError("CredentialsRejected", "expired");
    };
    const read = async () => {
      for await (const _ of retrying(storage({ list }), quick).list(""));
    };
    await expect(read()).rejects.toMatchObject({ kind: "CredentialsRejected" });
  });
});
