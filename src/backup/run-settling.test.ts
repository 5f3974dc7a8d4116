import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { writeDocument } from "../repository/documents.ts";
import { openRepository } from "../repository/repository.ts";
import { formatTime } from "../repository/time.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { backup, contentOf, lock, password, problemsOf, replaced, stores, write } from "./testing.ts";

const storeNamed = (name: string) => {
  const store = stores[name];
  if (!store) throw new Error(`There is no store ${name}.`);
  return store;
};
const keysIn = (name: string, folder: string) =>
  [...storeNamed(name).objects.keys()].filter((key) => key.startsWith(folder));

/**
 * A store in which somebody writes an exclusive lock right after our first one, and takes it back when ours is gone. `events` are our locks, their coming
 * and going, and what else is written meanwhile.
 */
function contested(name: string, events: string[]): Storage {
  const store = storeNamed(name);
  let theirs: string | undefined;
  let hasBeen = false;
  const lockOut = async (): Promise<void> => {
    hasBeen = true;
    const time = formatTime(BigInt(Date.now()) * 1_000_000n);
    const repository = await openRepository({ storage: store, password });
    const document = { time, exclusive: true, hostname: "laptop", username: "jane", pid: 4711 };
    theirs = await writeDocument(repository, "locks", document);
  };
  return {
    ...store,
    async put(key, ...rest) {
      if (theirs) events.push(key);
      if (key.startsWith("locks/")) events.push("locked");
      await store.put(key, ...rest);
      if (key.startsWith("locks/") && !hasBeen) await lockOut();
    },
    async delete(key) {
      await store.delete(key);
      if (!key.startsWith("locks/")) return;
      events.push("unlocked");
      if (theirs) await store.delete(`locks/${theirs}`);
      theirs = undefined;
    },
  };
}

/** A store in which `happen` does, once `prefix` was listed under our first lock, which has not settled by then. */
function interrupted(name: string, prefix: string, happen: () => void): Storage {
  const store = storeNamed(name);
  const { promise: happened, resolve } = Promise.withResolvers<void>();
  let isLocked = false;
  let hasHappened = false;
  async function* list(at: string): AsyncGenerator<StoredObject> {
    if (isLocked && at === "locks/") await happened;
    const objects = await Array.fromAsync(store.list(at));
    if (isLocked && !hasHappened && at === prefix) {
      hasHappened = true;
      happen();
      resolve();
    }
    yield* objects;
  }
  return {
    ...store,
    list,
    async put(key, ...rest) {
      await store.put(key, ...rest);
      isLocked ||= key.startsWith("locks/");
    },
  };
}

describe("While the lock of a target settles", () => {
  test("a prune that wanted it at the same moment is let pass, and the backup is made afterwards", async () => {
    await write("a", "first");
    await backup();
    const events: string[] = [];
    replaced.one = contested("one", events);
    await write("b", "second");
    const result = await backup({ to: ["one", "two"] });
    expect(result.targets).toMatchObject([{ state: "Good" }, { state: "Good" }]);
    expect(events).toEqual(["locked", "unlocked", "locked", "unlocked"]);
    expect(keysIn("one", "snapshots/")).toHaveLength(2);
    expect(keysIn("one", "locks/")).toEqual([]);
    for (const name of ["one", "two"]) {
      expect(await contentOf(name, "/data/b")).toBe("second");
      expect(await problemsOf(name)).toEqual([]);
    }
  });

  test("who has to begin anew does not wait for the others' read", async () => {
    await write("a", "first");
    await backup({ to: ["one", "two"] });
    // More than the other one stores at a time, so that the read waits for it.
    await write("b", randomBytes(80 * 1024 * 1024));
    const events: string[] = [];
    replaced.one = contested("one", events);
    const two = storeNamed("two");
    replaced.two = {
      ...two,
      async put(key, ...rest) {
        if (key.startsWith("data/")) await sleep(4_000);
        await two.put(key, ...rest);
        if (key.startsWith("data/")) events.push("the other one stores");
      },
    };
    const result = await backup({ to: ["one", "two"], lock: { ...lock, waitSeconds: 1 } });
    expect(result.targets).toMatchObject([{ state: "Good" }, { state: "Good" }]);
    expect(events.slice(0, 4)).toEqual(["locked", "unlocked", "locked", "the other one stores"]);
    for (const name of ["one", "two"]) expect(await problemsOf(name)).toEqual([]);
  });

  test.each(["index/", "data/"])(
    "a prune that ends once %s has been listed leaves nothing that the backup relies on without its being there",
    async (folder) => {
      await write("a", "first");
      await backup();
      replaced.one = interrupted("one", folder, () => {
        for (const key of ["snapshots/", "index/", "data/"].flatMap((each) => keysIn("one", each))) {
          storeNamed("one").objects.delete(key);
        }
      });
      const result = await backup();
      expect(result.state).toBe("Good");
      // Of what it found half done nothing is said.
      expect(result.targets[0]).not.toHaveProperty("message");
      expect(result.bytesRead).toBe("first".length);
      expect(keysIn("one", "snapshots/")).toHaveLength(1);
      expect(await contentOf("one", "/data/a")).toBe("first");
      expect(await problemsOf("one")).toEqual([]);
    },
  );
});

describe("A snapshot that is stored after somebody has taken our lock for a dead one", () => {
  /** A store in which, just before the snapshot is stored, somebody removes our lock and prunes: nothing refers to our packs yet. */
  const overtaken = (more: Partial<Storage> = {}): Storage => {
    const store = storeNamed("one");
    return {
      ...store,
      ...more,
      async put(key, ...rest) {
        if (key.startsWith("snapshots/")) {
          const pruned = ["locks/", "index/", "data/"].flatMap((folder) => keysIn("one", folder));
          for (const each of pruned) store.objects.delete(each);
        }
        await store.put(key, ...rest);
      },
    };
  };

  test("is no backup, and does not stay", async () => {
    await write("a", "first");
    replaced.one = overtaken();
    const result = await backup({ to: ["one", "two"] });
    expect(result.targets).toMatchObject([{ state: "Failed", reason: "RepositoryLocked" }, { state: "Good" }]);
    expect(keysIn("one", "snapshots/")).toEqual([]);
    expect(await problemsOf("one")).toEqual([]);
  });

  test("is named where it cannot be removed, and the next attempt at the run does not take it for its own", async () => {
    await write("a", "first");
    replaced.one = overtaken({
      async delete(key) {
        if (key.startsWith("snapshots/")) throw new Error("no delete for you");
      },
    });
    const runTag = "run=1";
    const [failed] = (await backup({ runTag, tags: [runTag] })).targets;
    const left = keysIn("one", "snapshots/").map((key) => key.slice("snapshots/".length));
    expect(failed).toMatchObject({ state: "Failed", reason: "RepositoryLocked" });
    expect(failed?.message).toContain(`The snapshot ${left[0]} was written too late`);
    delete replaced.one;
    const [done] = (await backup({ runTag, tags: [runTag] })).targets;
    expect(done).toMatchObject({ state: "Good" });
    expect(done?.snapshot).not.toBe(left[0]);
    expect(done?.message).toContain(`the snapshot ${left[0]}, whose data somebody removed`);
    expect(await contentOf("one", "/data/a")).toBe("first");
  });
});
