import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import { dropRepository, finishDrop } from "./drop.ts";
import { forgetSnapshots } from "./forget.ts";
import { withLock } from "./locks.ts";
import { openRepository, repositoryState } from "./repository.ts";
import { testLock, testPassword, testRepository, testSnapshot } from "./testing.ts";

const exclusive = { ...testLock, exclusive: true };

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
