import { describe, expect, test } from "vitest";
import { writeDocument } from "../repository/documents.ts";
import { formatTime } from "../repository/time.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { backup, contentOf, lock, problemsOf, replaced, repositoryOf, stores, write } from "./testing.ts";

const objectsOf = (name: string): Map<string, Buffer> => stores[name]?.objects ?? new Map();
const keysIn = (name: string, folder: string) => [...objectsOf(name).keys()].filter((key) => key.startsWith(folder));

/** The store with something that happens once, right after a key below `prefix` was written or `prefix` listed. */
function interrupted(name: string, on: "put" | "list", prefix: string, happen: () => Promise<void>): Storage {
  const storage = stores[name] as Storage;
  let hasHappened = false;
  const once = async (at: string): Promise<void> => {
    if (hasHappened || !at.startsWith(prefix)) return;
    hasHappened = true;
    await happen();
  };
  async function* list(at: string): AsyncGenerator<StoredObject> {
    const objects = await Array.fromAsync(storage.list(at));
    if (on === "list") await once(at);
    yield* objects;
  }
  return {
    ...storage,
    list,
    async put(key, data, options) {
      await storage.put(key, data, options);
      if (on === "put") await once(key);
    },
  };
}

describe("While the lock of a target settles", () => {
  test("a prune that wanted it at the same moment is let pass, and the backup is made afterwards", async () => {
    await write("a", "first");
    await backup();
    const repository = await repositoryOf("one");
    replaced.one = interrupted("one", "put", "locks/", async () => {
      const time = formatTime(BigInt(Date.now()) * 1_000_000n);
      const theirs = { time, exclusive: true, hostname: "laptop", username: "jane", pid: 4711 };
      const id = await writeDocument(repository, "locks", theirs);
      setTimeout(() => objectsOf("one").delete(`locks/${id}`), 600);
    });
    await write("b", "second");
    const result = await backup({ to: ["one", "two"], lock: { ...lock, waitSeconds: 30 } });
    expect(result.targets).toMatchObject([{ state: "Good" }, { state: "Good" }]);
    expect(keysIn("one", "snapshots/")).toHaveLength(2);
    expect(keysIn("one", "locks/")).toEqual([]);
    for (const name of ["one", "two"]) {
      expect(await contentOf(name, "/data/b")).toBe("second");
      expect(await problemsOf(name)).toEqual([]);
    }
  });

  test("a prune that has just ended leaves nothing that the backup relies on without its being there", async () => {
    await write("a", "first");
    await backup();
    replaced.one = interrupted("one", "list", "data/", async () => {
      for (const key of ["snapshots/", "index/", "data/"].flatMap((folder) => keysIn("one", folder))) {
        objectsOf("one").delete(key);
      }
    });
    const result = await backup();
    expect(result.state).toBe("Good");
    expect(keysIn("one", "snapshots/")).toHaveLength(1);
    expect(await contentOf("one", "/data/a")).toBe("first");
    expect(await problemsOf("one")).toEqual([]);
  });
});
