import { randomBytes } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { dropRepository, finishDrop } from "./drop.ts";
import { forgetSnapshots } from "./forget.ts";
import { withLock } from "./locks.ts";
import { initialiseRepository, openRepository, repositoryState } from "./repository.ts";
import { testLock, testPassword, testRepository, testSnapshot } from "./testing.ts";

const exclusive = { ...testLock, exclusive: true };

afterEach(() => {
  vi.useRealTimers();
});

test("refuses while a snapshot is left", async () => {
  const { repository, objects } = await testRepository();
  await testSnapshot(repository, { a: randomBytes(10) });
  const before = [...objects.keys()];
  await expect(withLock(repository, exclusive, (lock) => dropRepository({ repository, lock }))).rejects.toMatchObject({
    reason: "RepositoryNotEmpty",
  });
  expect([...objects.keys()]).toEqual(before);
  await expect(finishDrop(repository.storage)).rejects.toMatchObject({ reason: "RepositoryNotEmpty" });
});

test("leaves nothing at all, and may be interrupted after every object", async () => {
  for (let allowed = 0; ; allowed++) {
    const { repository, objects } = await testRepository();
    const { id } = await testSnapshot(repository, { a: randomBytes(10) });
    let left = allowed;
    const killed = new StorageError("Unreachable", "killed");
    const storage = {
      ...repository.storage,
      delete: (key: string) =>
        key.startsWith("locks/") || left-- > 0 ? repository.storage.delete(key) : Promise.reject(killed),
    };
    const dropped = await withLock({ ...repository, storage }, exclusive, async (lock) => {
      await forgetSnapshots({ repository, lock, snapshots: [id] });
      return dropRepository({ repository: { ...repository, storage }, lock });
    }).catch((error: unknown) => {
      expect(error).toBe(killed);
    });
    if (dropped) {
      expect(objects.size).toBe(0);
      // Our own lock is none of them.
      expect(dropped.objectsRemoved).toBe(allowed);
      break;
    }
    if ((await repositoryState(repository.storage)) === "Ready") {
      const again = await openRepository({ storage: repository.storage, password: testPassword });
      await withLock(again, exclusive, (lock) => dropRepository({ repository: again, lock }));
    } else {
      await finishDrop(repository.storage);
    }
    expect(objects.size, `after ${allowed} objects`).toBe(0);
  }
});

test("leaves the config where it stood still before that, and its lock was taken for a dead one's", async () => {
  const { repository, objects } = await testRepository();
  const storage: Storage = {
    ...repository.storage,
    async get(key, ...rest) {
      if (key === "config") {
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 40 * 60_000 });
        for (const each of objects.keys()) if (each.startsWith("locks/")) objects.delete(each);
      }
      return repository.storage.get(key, ...rest);
    },
  };
  const there = { ...repository, storage };
  const dropping = withLock(there, exclusive, (lock) => dropRepository({ repository: there, lock }));
  await expect(dropping).rejects.toMatchObject({ reason: "RepositoryLocked" });
  expect([...objects.keys()]).toContain("config");
});

test("leaves locks and keys to a repository that is begun in the same place meanwhile", async () => {
  const { repository, objects } = await testRepository();
  const key = `keys/${repository.keyId}`;
  const storage: Storage = {
    ...repository.storage,
    async delete(removed) {
      await repository.storage.delete(removed);
      if (removed !== "config") return;
      await initialiseRepository({ storage: repository.storage, password: testPassword });
      objects.set("locks/theirs", Buffer.from("a lock"));
    },
  };
  const there = { ...repository, storage };
  const dropping = withLock(there, exclusive, (lock) => dropRepository({ repository: there, lock }));
  await expect(dropping).rejects.toMatchObject({ reason: "RepositoryNotEmpty" });
  expect([...objects.keys()].sort()).toEqual(["config", key, "locks/theirs"]);
  await openRepository({ storage: repository.storage, password: testPassword });
});

test("does not finish a removal in a place where a repository is begun meanwhile", async () => {
  const { repository, objects } = await testRepository();
  const config = objects.get("config") as Buffer;
  objects.delete("config");
  const storage: Storage = {
    ...repository.storage,
    async *list(prefix) {
      yield* repository.storage.list(prefix);
      if (prefix === "locks/") objects.set("config", config);
    },
  };
  await expect(finishDrop(storage)).rejects.toMatchObject({ reason: "RepositoryNotEmpty" });
  expect([...objects.keys()]).toContain(`keys/${repository.keyId}`);
});
