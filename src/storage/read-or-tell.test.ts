import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { StorageError } from "./errors.ts";
import { memoryStorage } from "./memory.ts";
import { retrying } from "./retry.ts";
import type { Storage } from "./storage.ts";

const quick = { firstPauseMs: 1, longestPauseMs: 2, firstContactMs: 40, outageMs: 400 };
const content = Buffer.from("0123456789");
const unreadable = { kind: "Unreadable", message: expect.stringMatching(/HTTP 500.*while other objects can be read/) };

/** A store that never gives out bytes of «pack» from `from` up to `to`, and takes `takesMs` to say so. What it is asked for is in `asked`. */
function badPart(from = 5, to = 6, takesMs = 0) {
  const memory = memoryStorage(new Map(["first", "other", "pack"].map((key) => [key, Buffer.from(content)])));
  const asked: string[] = [];
  const get: Storage["get"] = async (key, range) => {
    const { offset, length } = range ?? { offset: 0, length: content.length };
    asked.push(`${key} ${offset}`);
    if (key === "pack" && offset < to && from < offset + length) {
      await sleep(takesMs);
      throw new StorageError("Failed", "Could not read it: HTTP 500", { transient: true });
    }
    return memory.get(key, range);
  };
  return { storage: retrying({ ...memory, get }, quick), objects: memory.objects, asked };
}

test("tells a bad part of an object of which another part was read last", async () => {
  const { storage } = badPart();
  await storage.get("other");
  await storage.get("pack", { offset: 0, length: 2 });
  await expect(storage.get("pack", { offset: 4, length: 4 })).rejects.toMatchObject(unreadable);
  // The others of it come, and the bad one is tried once.
  expect((await storage.get("pack", { offset: 6, length: 4 })).toString()).toBe("6789");
  const started = performance.now();
  await expect(storage.get("pack", { offset: 5, length: 1 })).rejects.toMatchObject(unreadable);
  expect(performance.now() - started).toBeLessThan(quick.outageMs / 2);
});

test("looks at one more object where the one that was read last is gone", async () => {
  const { storage, objects } = badPart();
  for (const key of ["first", "other"]) await storage.get(key);
  objects.delete("other");
  await storage.get("pack", { offset: 0, length: 2 });
  await expect(storage.get("pack")).rejects.toMatchObject(unreadable);
});

test("looks at what could be read of the other object, and not at its beginning", async () => {
  const { storage, asked } = badPart();
  await storage.get("other", { offset: 3, length: 2 });
  await expect(storage.get("pack")).rejects.toMatchObject(unreadable);
  expect(asked.at(-1)).toBe("other 3");
});

test("is asked once more when an outage is over that had hidden that another object can be read", async () => {
  const memory = memoryStorage(new Map(["good", "bad 1", "bad 2"].map((key) => [key, Buffer.from(content)])));
  let isDown = false;
  const get: Storage["get"] = (key) =>
    isDown || key.startsWith("bad")
      ? Promise.reject(new StorageError("Failed", "Could not read it: HTTP 500", { transient: true }))
      : memory.get(key);
  const storage = retrying({ ...memory, get }, quick);
  await storage.get("good");
  await expect(storage.get("bad 1")).rejects.toMatchObject(unreadable);
  isDown = true;
  setTimeout(() => {
    isDown = false;
  }, quick.outageMs * 0.6);
  await expect(storage.get("bad 2")).rejects.toMatchObject(unreadable);
});

test("does not ask for ever for parts of an object that hangs", async () => {
  const { storage, asked } = badPart(2, 10, 100);
  await storage.get("other");
  await expect(storage.get("pack")).rejects.toMatchObject(unreadable);
  const parts = Array.from({ length: 8 }, (_, at) => ({ offset: at + 2, length: 1 }));
  const ends: string[] = [];
  const readAll = async () => {
    for (const part of parts) await storage.get("pack", part).catch((error) => ends.push(error.message));
  };
  asked.length = 0;
  await readAll();
  expect(asked.filter((each) => each.startsWith("pack")).length).toBeLessThan(6);
  expect(ends).toHaveLength(8);
  expect(ends.at(-1)).toMatch(/pack of memory.*failed again and again.*not asked for any more$/);
  // Other objects are.
  expect((await storage.get("first")).toString()).toBe(content.toString());
});

test("goes on asking where a part comes now and then, and where the answer is quick", async () => {
  const slow = badPart(2, 3, 150);
  await slow.storage.get("other");
  await expect(slow.storage.get("pack")).rejects.toMatchObject(unreadable);
  for (let time = 0; time < 4; time++) {
    await expect(slow.storage.get("pack", { offset: 2, length: 1 })).rejects.toMatchObject(unreadable);
    expect((await slow.storage.get("pack", { offset: 4, length: 1 })).toString()).toBe("4");
  }
  const prompt = badPart(0, 9);
  await prompt.storage.get("other");
  for (let time = 0; time < 20; time++)
    await expect(prompt.storage.get("pack", { offset: time % 9, length: 1 })).rejects.toMatchObject(unreadable);
  expect((await prompt.storage.get("pack", { offset: 9, length: 1 })).toString()).toBe("9");
});
