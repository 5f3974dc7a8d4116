import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { writeDocument } from "./documents.ts";
import { withSharedLock } from "./shared-lock.ts";
import { testLock, testRepository } from "./testing.ts";
import { formatTime } from "./time.ts";
import type { Repository } from "./types.ts";

/** What somebody writes who wants the repository for himself, at the same moment. */
const writeExclusiveLock = (repository: Repository) =>
  writeDocument(repository, "locks", {
    time: formatTime(BigInt(Date.now()) * 1_000_000n),
    exclusive: true,
    hostname: "laptop",
    username: "jane",
    pid: 4711,
  });

const patient = { ...testLock, identity: { ...testLock.identity, waitSeconds: 30 } };
const content = Buffer.from("content");

describe("Work under a shared lock", () => {
  test("begins while the lock settles; what it writes and what it says come afterwards", async () => {
    const { repository, objects } = await testRepository();
    let isSettled = false;
    const result = await withSharedLock(repository, testLock, async (shared, lock) => {
      expect([...objects.keys()].filter((key) => key.startsWith("locks/"))).toHaveLength(1);
      const settled = lock.settled.then(() => {
        isSettled = true;
      });
      const writing = shared.storage.put("index/new", content);
      await sleep(10);
      expect(isSettled).toBe(false);
      expect(objects.has("index/new")).toBe(false);
      await Promise.all([settled, writing]);
      expect(objects.has("index/new")).toBe(true);
      return "said";
    });
    expect(result).toBe("said");
    await withSharedLock(repository, testLock, async (_, lock) => {
      isSettled = false;
      void lock.settled.then(() => {
        isSettled = true;
      });
    });
    expect(isSettled).toBe(true);
  });

  test("is stopped, and begins anew when the other is gone, where somebody wrote an exclusive lock at the same moment", async () => {
    const { repository, objects, storage } = await testRepository();
    let begun = 0;
    const stopped: unknown[] = [];
    const result = await withSharedLock(repository, patient, async (shared, lock) => {
      if (++begun > 1) return "second";
      const foreign = await writeExclusiveLock(repository);
      const writing = shared.storage.put("index/new", content);
      writing.catch(() => {});
      await once(lock.signal, "abort");
      stopped.push(lock.signal.reason);
      setTimeout(() => storage.delete(`locks/${foreign}`), 100);
      await writing;
      return "first";
    });
    expect(result).toBe("second");
    expect(stopped).toEqual([expect.objectContaining({ reason: "RepositoryLocked" })]);
    expect(objects.has("index/new")).toBe(false);
    expect([...objects.keys()].filter((key) => key.startsWith("locks/"))).toEqual([]);
  });

  test("says nothing, not even an error, where the other stays", async () => {
    const { repository, objects } = await testRepository();
    const locked = /exclusive lock of laptop \(process 4711\)/;
    for (const end of [async () => "a result", () => Promise.reject(new Error("what was there is gone"))]) {
      objects.clear();
      const work = async () => {
        await writeExclusiveLock(repository);
        return end();
      };
      await expect(withSharedLock(repository, testLock, work)).rejects.toThrow(locked);
      expect([...objects.keys()].filter((key) => key.startsWith("locks/"))).toHaveLength(1);
    }
  });

  test("begins anew where something that it had listed is gone, and gives up where that does not end", async () => {
    const { repository, objects } = await testRepository();
    let begun = 0;
    const loseOne = async (shared: Repository, times: number): Promise<number> => {
      const snapshot = `snapshots/${"a".repeat(64)}`;
      objects.set(snapshot, content);
      await Array.fromAsync(shared.storage.list("snapshots/"));
      if (++begun <= times) objects.delete(snapshot);
      return begun;
    };
    expect(await withSharedLock(repository, testLock, (shared) => loseOne(shared, 1))).toBe(2);
    begun = 0;
    await expect(withSharedLock(repository, testLock, (shared) => loseOne(shared, 100))).rejects.toMatchObject({
      reason: "RepositoryLocked",
      message: expect.stringMatching(/somebody was removing data.*Run it again/),
    });
    expect(begun).toBe(3);
  });

  test("that fails by itself does so, and leaves no lock", async () => {
    const { repository, objects } = await testRepository();
    const work = () => Promise.reject(new Error("work failed"));
    await expect(withSharedLock(repository, testLock, work)).rejects.toThrow("work failed");
    expect([...objects.keys()].filter((key) => key.startsWith("locks/"))).toEqual([]);
  });

  test("fails as the store does where that cannot tell who else is there, whatever the work came to", async () => {
    const { repository, storage } = await testRepository();
    const failing: Storage = {
      ...storage,
      list(prefix) {
        if (prefix === "locks/" && begun > 0) throw new StorageError("Failed", "no listing for you");
        return storage.list(prefix);
      },
    };
    let begun = 0;
    for (const end of [async () => "a result", () => Promise.reject(new Error("something had vanished"))]) {
      begun = 0;
      const work = () => {
        begun++;
        return end();
      };
      await expect(withSharedLock({ ...repository, storage: failing }, testLock, work)).rejects.toThrow(
        "no listing for you",
      );
      expect([...storage.objects.keys()].filter((key) => key.startsWith("locks/"))).toEqual([]);
    }
  });

  test("is stopped by the caller's signal while the lock settles", async () => {
    const { repository, objects } = await testRepository();
    const reason = new Error("told to stop");
    const caller = new AbortController();
    const options = { ...testLock, signal: caller.signal };
    const running = withSharedLock(repository, options, async (shared, lock) => {
      setTimeout(() => caller.abort(reason), 20);
      await once(lock.signal, "abort");
      await shared.storage.put("index/new", content);
    });
    await expect(running).rejects.toBe(reason);
    expect([...objects.keys()].filter((key) => /^(locks|index)\//.test(key))).toEqual([]);
  });
});
