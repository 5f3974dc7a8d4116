import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { loadIndex } from "../repository/load-index.ts";
import { packKey } from "../repository/pack-cache.ts";
import { initialiseRepository } from "../repository/repository.ts";
import { findSnapshot, listSnapshots } from "../repository/snapshots.ts";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";

import { backup, contentOf, password, problemsOf, replaced, repositoryOf, storeOf, stores, write } from "./testing.ts";

describe("several targets", () => {
  test("get the same from one read", async () => {
    await write("a", "alpha");
    const result = await backup({ to: ["one", "two"] });
    expect(result).toMatchObject({ state: "Good", bytesRead: 5 });
    expect(result.targets.map(({ target, state }) => [target, state])).toEqual([
      ["one", "Good"],
      ["two", "Good"],
    ]);
    for (const name of ["one", "two"]) expect(await contentOf(name, "/data/a")).toBe("alpha");
  });

  test("one that joins later gets everything, and the other is not read for", async () => {
    const large = randomBytes(3_000_000);
    await write("large", large);
    await write("small", "alpha");
    await backup();
    const result = await backup({ to: ["one", "two"] });
    expect(result).toMatchObject({ state: "Good", bytesRead: 3_000_005 });
    expect(result.targets).toMatchObject([{ type: "Incremental", bytesStored: 0 }, { type: "Full" }]);
    expect(await contentOf("two", "/data/large")).toBe(large.toString());
    expect(await problemsOf("two")).toEqual([]);
  });

  test("one that lost a part of a file has that part read, and no more", async () => {
    await write("large", randomBytes(40_000_000));
    await backup({ to: ["one", "two"] });
    const { index } = await loadIndex(await repositoryOf("two"));
    const lost = [...index.locations()].find(({ type }) => type === "data")?.pack ?? "";
    const lengths = [...index.locations()].filter(({ pack }) => pack === lost).map(({ plainLength }) => plainLength);
    stores.two?.objects.delete(packKey(lost));
    const result = await backup({ to: ["one", "two"] });
    expect(result).toMatchObject({ state: "Good", bytesRead: lengths.reduce((sum, length) => sum + length, 0) });
    expect(result.targets).toMatchObject([
      { bytesStored: 0 },
      { message: expect.stringMatching(/1 packs are missing/) },
    ]);
    expect(await problemsOf("two")).toEqual([]);
  });

  test.each([
    ["its password is missing", () => delete stores.two, "PasswordMissing"],
    ["it cannot be reached", () => (replaced.two = failing("list", "Unreachable")), "StoreUnreachable"],
    ["it takes no more", () => (replaced.two = failing("put", "Full", (key) => key.startsWith("data/"))), "StoreFull"],
    [
      "it refuses the snapshot",
      () => (replaced.two = failing("put", "Failed", (key) => key.startsWith("snapshots/"))),
      "StoreError",
    ],
  ])("one fails because %s, the other is good, and nothing is called good that is not", async (_, breakTwo, reason) => {
    await write("a", "alpha");
    breakTwo();
    const result = await backup({ to: ["two", "one"] });
    expect(result).toMatchObject({ state: "Failed", reason, message: expect.stringMatching(/^Target two: /) });
    expect(result.targets).toMatchObject([
      { target: "two", state: "Failed", reason },
      { target: "one", state: "Good", type: "Full" },
    ]);
    expect(result.targets[0]?.snapshot).toBeUndefined();
    expect(await contentOf("one", "/data/a")).toBe("alpha");
    expect([...(stores.two?.objects.keys() ?? [])].filter((key) => /^(snapshots|locks)/.test(key))).toEqual([]);
  });

  test("one that is slow does not hold the others up, and catches up by itself", async () => {
    for (let number = 0; number < 6; number++) await write(`file ${number}`, randomBytes(20_000_000));
    const slow = storeOf("two");
    let isOneDone = false;
    let finishedWithout = false;
    const { promise: hurry, resolve: letGo } = Promise.withResolvers<void>();
    // Were the slow one ready much earlier, the read would begin for it alone, and the other would have to wait.
    const { promise: oneIsOpen, resolve: letTwoOpen } = Promise.withResolvers<void>();
    replaced.two = {
      ...slow,
      async *list(prefix) {
        await oneIsOpen;
        yield* slow.list(prefix);
      },
      async put(key, data, options) {
        if (key.startsWith("data/")) await hurry;
        await slow.put(key, data, options);
      },
    };
    const quick = storeOf("one");
    replaced.one = {
      ...quick,
      list(prefix) {
        if (prefix.startsWith("index")) letTwoOpen();
        return quick.list(prefix);
      },
      async put(key, data, options) {
        await quick.put(key, data, options);
        if (!key.startsWith("snapshots/")) return;
        isOneDone = true;
        finishedWithout = [...(stores.two?.objects.keys() ?? [])].every((name) => !name.startsWith("data/"));
        letGo();
      },
    };
    // So long, too, the slow one waits for the other to join: a read for it alone would never come to its end here.
    const result = await backup({ to: ["one", "two"], patienceMilliseconds: 5_000 });
    expect(isOneDone && finishedWithout).toBe(true);
    expect(result).toMatchObject({ state: "Good", files: 6, bytes: 120_000_000 });
    expect(result.bytesRead).toBeGreaterThan(120_000_000);
    for (const name of ["one", "two"]) expect(await problemsOf(name)).toEqual([]);
    const [one, two] = await Promise.all(
      ["one", "two"].map(async (name) => findSnapshot(await repositoryOf(name), "latest")),
    );
    expect(two?.tree).toBe(one?.tree);
    expect(two?.summary).toMatchObject({
      files_new: 6,
      total_bytes_processed: 120_000_000,
      data_added: one?.summary?.data_added,
    });
  });

  test("one that opens late gets a read of its own", async () => {
    await write("a", "alpha");
    const late = storeOf("two");
    const { promise: oneIsDone, resolve: letTwoOpen } = Promise.withResolvers<void>();
    replaced.two = {
      ...late,
      async get(key, range) {
        await oneIsDone;
        return late.get(key, range);
      },
    };
    const quick = storeOf("one");
    replaced.one = {
      ...quick,
      async put(key, data, options) {
        await quick.put(key, data, options);
        if (key.startsWith("snapshots/")) letTwoOpen();
      },
    };
    const result = await backup({ to: ["one", "two"], patienceMilliseconds: 50 });
    expect(result).toMatchObject({ state: "Good", bytesRead: 10 });
    expect(await contentOf("two", "/data/a")).toBe("alpha");
  });

  test("are not read for at all when all have failed", async () => {
    await write("a", "alpha");
    replaced.one = failing("list", "Unreachable");
    replaced.two = failing("list", "CredentialsRejected");
    expect(await backup({ to: ["one", "two"] })).toMatchObject({
      state: "Failed",
      reason: "StoreUnreachable",
      files: 0,
      bytesRead: 0,
    });
  });
});

function failing(
  method: "list" | "put",
  kind: ConstructorParameters<typeof StorageError>[0],
  when: (key: string) => boolean = () => true,
): Storage {
  const store = storeOf("two");
  const broken = (key: string): never => {
    throw new StorageError(kind, `${method} ${key} failed`);
  };
  return {
    ...store,
    list: (prefix) => (method === "list" ? broken(prefix) : store.list(prefix)),
    put: async (key, data, options) => (method === "put" && when(key) ? broken(key) : store.put(key, data, options)),
  };
}

describe("what a target must be", () => {
  test("Present: a missing repository is an error and is not made", async () => {
    await write("a", "alpha");
    expect(await backup({ expect: "Present" })).toMatchObject({ state: "Failed", reason: "RepositoryNotFound" });
    expect(stores.one?.objects.size).toBe(0);
    await backup();
    expect(await backup({ expect: "Present" })).toMatchObject({ state: "Good" });
  });

  test("Absent: a repository with snapshots is an error and is not touched", async () => {
    await write("a", "alpha");
    expect(await backup({ expect: "Absent" })).toMatchObject({ state: "Good" });
    const before = [...(stores.one?.objects.keys() ?? [])];
    expect(await backup({ expect: "Absent" })).toMatchObject({ state: "Failed", reason: "RepositoryNotEmpty" });
    expect([...(stores.one?.objects.keys() ?? [])]).toEqual(before);
  });

  test("Absent: the remains of an interrupted run are gone on with", async () => {
    await write("a", "alpha");
    await initialiseRepository({ storage: storeOf("one"), password });
    expect(await backup({ expect: "Absent" })).toMatchObject({ state: "Good", targets: [{ type: "Full" }] });
  });
});

describe("a run that is tried again", () => {
  test("reports the snapshot that it had written, and reads nothing", async () => {
    await write("a", "alpha");
    const first = await backup({ runTag: "run-1", expect: "Absent" });
    await write("b", "later");
    const again = await backup({ runTag: "run-1", expect: "Absent" });
    expect(again).toMatchObject({ state: "Good", files: 1, bytes: 5, bytesRead: 0 });
    expect(again.targets).toMatchObject([{ type: "Full", snapshot: first.targets[0]?.snapshot }]);
    expect(await listSnapshots(await repositoryOf("one"))).toHaveLength(1);
    expect(await backup({ runTag: "run-2" })).toMatchObject({ files: 2, targets: [{ type: "Incremental" }] });
  });

  test("goes on with the target that was missing", async () => {
    await write("a", "alpha");
    const first = await backup({ runTag: "run-1" });
    const again = await backup({ runTag: "run-1", to: ["one", "two"] });
    expect(again.targets).toMatchObject([{ snapshot: first.targets[0]?.snapshot }, { state: "Good", type: "Full" }]);
  });
});

describe("the inventory", () => {
  const inventory = (known: Record<string, string[]>) => ({
    url: "one",
    tags: ["policy", "cluster"],
    known,
  });

  const backupTo = async (chain: string, known: Record<string, string[]>, tags = ["cluster", "policy"]) => {
    const result = await backup({
      tags,
      targets: [{ name: "one", repository: { url: `one/${chain}` }, expect: "Any", inventory: inventory(known) }],
    });
    return result.targets[0];
  };

  test("finds snapshots in all chains that nobody knows, and known ones that are gone", async () => {
    await write("a", "alpha");
    const old = await backupTo("20260101T000000Z", {});
    expect(old).toMatchObject({ state: "Good" });
    expect(old?.unknown).toBeUndefined();
    await backupTo("20260101T000000Z", { "20260101T000000Z": [old?.snapshot ?? ""] }, ["another policy", "cluster"]);
    // Of the same policy in another cluster that shares the bucket: as many as are reported at a time.
    for (let at = 0; at < 3; at++) {
      const all = [...(stores.one?.objects.keys() ?? [])].filter((key) => key.includes("/snapshots/"));
      expect(all.length).toBe(at + 2);
      await backupTo("20260101T000000Z", {}, ["policy", "another cluster"]);
    }
    const lost = "0".repeat(64);
    const next = await backupTo("20260201T000000Z", {
      "20260101T000000Z": [lost],
      "20251201T000000Z": ["1".repeat(64)],
    });
    expect(next?.unknown).toEqual([
      {
        chain: "20260101T000000Z",
        snapshot: old?.snapshot,
        time: expect.any(String),
        tags: expect.arrayContaining(["cluster", "policy"]),
      },
    ]);
    expect(next?.missing).toEqual(["1".repeat(64), lost]);
  });

  test("passes over folders that are no repositories, and does not fail the backup", async () => {
    await write("a", "alpha");
    stores.one?.objects.set("mirror/file", Buffer.from("x"));
    expect(await backupTo("20260101T000000Z", {})).toMatchObject({ state: "Good" });
    stores.one?.objects.set("20250101T000000Z/data/00/x", Buffer.from("no config here"));
    const result = await backupTo("20260101T000000Z", {});
    expect(result).toMatchObject({ state: "Good", message: expect.stringMatching(/could not be looked through/) });
  });
});
