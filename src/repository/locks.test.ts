import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { writeDocument } from "./documents.ts";
import { RepositoryError } from "./errors.ts";
import { encodeLock } from "./lock-file.ts";
import { type LockOptions, withLock } from "./locks.ts";
import { withSharedLock } from "./shared-lock.ts";
import { testLock, testRepository } from "./testing.ts";
import { formatTime } from "./time.ts";

const locksIn = (objects: ReadonlyMap<string, unknown>): string[] =>
  [...objects.keys()].filter((key) => key.startsWith("locks/"));

/** A lock as restic writes it. */
const foreignLock = (change: object = {}) => ({
  time: formatTime(BigInt(Date.now()) * 1_000_000n),
  exclusive: false,
  hostname: "laptop",
  username: "jane",
  pid: 4711,
  ...change,
});

const shared: LockOptions = { ...testLock, exclusive: false };
const exclusive: LockOptions = { ...testLock, exclusive: true };

describe("withLock", () => {
  test("is there while the work runs, and gone afterwards, also after a failure", async () => {
    const { repository, objects } = await testRepository();
    const result = await withLock(repository, exclusive, async (lock) => {
      await lock.confirm();
      return locksIn(objects).length;
    });
    expect(result).toBe(1);
    expect(locksIn(objects)).toEqual([]);
    await expect(withLock(repository, shared, () => Promise.reject(new Error("work failed")))).rejects.toThrow(
      "work failed",
    );
    expect(locksIn(objects)).toEqual([]);
  });

  test.each([
    ["at work", 300],
    ["when it was hardly written", 0],
  ])("says that it stays where a failed run cannot take it back, stopped %s", async (_, milliseconds) => {
    const { repository } = await testRepository();
    const remove = () => Promise.reject(new StorageError("Unreachable", "No answer."));
    const stuck = { ...repository, storage: { ...repository.storage, delete: remove } };
    const stop = new AbortController();
    const stopped = new RepositoryError("Interrupted", "Stopped by SIGTERM.");
    const notices: string[] = [];
    const options = { ...shared, signal: stop.signal, onNotice: (text: string) => notices.push(text) };
    const working = withSharedLock(stuck, options, async (_shared, { signal }) => {
      setTimeout(() => stop.abort(stopped), milliseconds);
      await once(signal, "abort");
      signal.throwIfAborted();
    });
    await expect(working).rejects.toBe(stopped);
    expect(notices).toEqual([expect.stringMatching(/^Our lock locks\/\w{64} on .* could not be removed: .*No answer/)]);
  });

  test("shares with those that share, and with nobody else", async () => {
    const { repository } = await testRepository();
    await withLock(repository, shared, async () => {
      await withLock(repository, shared, async () => {});
      await expect(withLock(repository, exclusive, async () => {})).rejects.toMatchObject({
        reason: "RepositoryLocked",
      });
    });
    await withLock(repository, exclusive, async () => {
      await expect(withLock(repository, shared, async () => {})).rejects.toMatchObject({ reason: "RepositoryLocked" });
    });
    await withLock(repository, exclusive, async () => {});
  });

  test("names the holder and the age, and leaves the lock alone", async () => {
    const { repository, objects } = await testRepository();
    const time = formatTime(BigInt(Date.now() - 12 * 60_000) * 1_000_000n);
    const id = await writeDocument(repository, "locks", foreignLock({ exclusive: true, time }));
    await expect(withLock(repository, shared, async () => {})).rejects.toThrow(
      /exclusive lock of laptop \(process 4711\), 12 minutes old/,
    );
    expect(locksIn(objects)).toEqual([`locks/${id}`]);
  });

  test("waits for a lock that goes", async () => {
    const { repository, storage } = await testRepository();
    const id = await writeDocument(repository, "locks", foreignLock({ exclusive: true }));
    setTimeout(() => storage.delete(`locks/${id}`), 300);
    const patient = { ...shared, identity: { ...shared.identity, waitSeconds: 20 } };
    expect(await withLock(repository, patient, async () => "done")).toBe("done");
  });

  test.each([
    [
      "a dead holder",
      foreignLock({ hostname: "dead-pod", exclusive: true }),
      /Removed the exclusive lock of dead-pod.*its holder is gone/,
    ],
    [
      "nobody for half an hour",
      foreignLock({ exclusive: true, time: "2026-01-01T00:00:00Z" }),
      /not refreshed for more than 30 minutes/,
    ],
    [
      "a process of ours that has ended",
      { ...(encodeLock({ exclusive: true, hostname: "test", now: Date.now() }) as object), pid: 2 ** 22 + 1 },
      /its process has ended/,
    ],
  ])("removes the lock of %s, and says so", async (_, document, notice) => {
    const { repository, objects } = await testRepository();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 31 * 60_000 });
    await writeDocument(repository, "locks", document);
    vi.useRealTimers();
    const notices: string[] = [];
    const options = {
      ...exclusive,
      identity: { ...exclusive.identity, deadHolders: ["dead-pod"] },
      onNotice: (text: string) => notices.push(text),
    };
    await withLock(repository, options, async () => {});
    expect(notices).toEqual([expect.stringMatching(notice)]);
    expect(locksIn(objects)).toEqual([]);
  });

  test.each([
    ["whose holder's clock is behind", 31],
    ["where our clock is ahead", 0],
  ])("respects a lock that was stored a moment ago, %s", async (_, minutes) => {
    const { repository, objects } = await testRepository();
    const time = formatTime(BigInt(Date.now() - minutes * 60_000) * 1_000_000n);
    const id = await writeDocument(repository, "locks", foreignLock({ exclusive: true, time }));
    const { list } = repository.storage;
    // The store's clock is its own.
    const stored = Date.now();
    const dated = {
      ...repository.storage,
      async *list(prefix: string) {
        for await (const object of list(prefix)) yield { ...object, modified: stored };
      },
    };
    if (minutes === 0) vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31 * 60_000 });
    try {
      await expect(withLock({ ...repository, storage: dated }, exclusive, async () => {})).rejects.toMatchObject({
        reason: "RepositoryLocked",
      });
    } finally {
      vi.useRealTimers();
    }
    expect(locksIn(objects)).toEqual([`locks/${id}`]);
  });

  test("respects a lock that it cannot read", async () => {
    const { repository, objects } = await testRepository();
    objects.set(`locks/${"0".repeat(64)}`, Buffer.from("damaged"));
    await expect(withLock(repository, shared, async () => {})).rejects.toMatchObject({ reason: "RepositoryLocked" });
    expect(locksIn(objects)).toHaveLength(1);
  });

  test("of two that want it at once for themselves, never both have it", async () => {
    const { repository } = await testRepository();
    const patient = { ...exclusive, identity: { ...exclusive.identity, waitSeconds: 30 } };
    let inside = 0;
    const work = async (): Promise<void> => {
      inside++;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      inside--;
    };
    await Promise.all([
      withLock(repository, patient, work),
      withLock(repository, patient, work),
      withLock(repository, patient, work),
    ]);
  });

  test("tries again where somebody wrote his at the same moment, without any patience, and goes when ours cannot be removed", async () => {
    const { repository, storage } = await testRepository();
    let theirs: string | undefined;
    let canRemove = true;
    const contested: Storage = {
      ...storage,
      async put(key, ...rest) {
        await storage.put(key, ...rest);
        theirs ??= await writeDocument(repository, "locks", foreignLock({ exclusive: true }));
      },
      async delete(key) {
        if (!canRemove) throw new StorageError("Failed", "it stays where it is");
        await storage.delete(key);
        if (key.startsWith("locks/")) await storage.delete(`locks/${theirs}`);
      },
    };
    const work = async () => "done";
    expect(await withLock({ ...repository, storage: contested }, exclusive, work)).toBe("done");
    theirs = undefined;
    canRemove = false;
    await expect(withLock({ ...repository, storage: contested }, exclusive, work)).rejects.toThrow(
      "it stays where it is",
    );
  });

  test("tells the work when its lock was removed", async () => {
    const { repository, objects } = await testRepository();
    await withLock(repository, shared, async (lock) => {
      for (const key of locksIn(objects)) objects.delete(key);
      await expect(lock.confirm()).rejects.toMatchObject({ reason: "RepositoryLocked" });
      expect(lock.signal.aborted).toBe(true);
    });
  });

  test("stops waiting when it is told to", async () => {
    const { repository } = await testRepository();
    await writeDocument(repository, "locks", foreignLock({ exclusive: true }));
    const patient = { ...shared, identity: { ...shared.identity, waitSeconds: 60 }, signal: AbortSignal.timeout(100) };
    await expect(withLock(repository, patient, async () => {})).rejects.toThrow();
  });
});
