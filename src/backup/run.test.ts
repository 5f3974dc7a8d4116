import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BackupConfig, BackupResult } from "../mover/contract.ts";
import { readBlob } from "../repository/blobs.ts";
import { checkRepository } from "../repository/check.ts";
import { RepositoryError } from "../repository/errors.ts";
import { loadIndex } from "../repository/load-index.ts";
import { withLock } from "../repository/locks.ts";
import { packKey } from "../repository/pack-cache.ts";
import { repairIndex } from "../repository/repair-index.ts";
import { initialiseRepository, openRepository } from "../repository/repository.ts";
import { findSnapshot, isIncomplete, listSnapshots, removeSnapshot } from "../repository/snapshots.ts";
import { findNode } from "../repository/tree.ts";
import { incompleteTag } from "../repository/types.ts";
import { StorageError } from "../storage/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { runBackup } from "./run.ts";

const password = "correct horse";
const lock = { holder: "test", deadHolders: [], waitSeconds: 0 };

let source: string;
let stores: Record<string, ReturnType<typeof memoryStorage>>;
/** What stands in for a store, for tests of its failures. */
let replaced: Record<string, Storage>;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
  stores = { one: memoryStorage(), two: memoryStorage() };
  replaced = {};
});
afterEach(async () => {
  await rm(source, { recursive: true, force: true });
});

const write = async (name: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(source, name, ".."), { recursive: true });
  await writeFile(join(source, name), content);
};
/** Files written a moment ago are read again by the next backup; these tests want old ones. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

type Change = Partial<BackupConfig> & {
  readonly to?: readonly string[];
  readonly expect?: "Absent" | "Present" | "Any";
  readonly signal?: AbortSignal;
  readonly patienceMilliseconds?: number;
};

const storeOf = (url: string): Storage => {
  const [name = "", ...folders] = url.split("/");
  const store = replaced[name] ?? stores[name];
  if (!store) throw new RepositoryError("PasswordMissing", `no password for ${name}`);
  return folders.reduce<Storage>((storage, folder) => storage.below(folder), store);
};

async function backup({
  to = ["one"],
  expect: expectation = "Any",
  signal,
  patienceMilliseconds,
  ...config
}: Change = {}): Promise<BackupResult> {
  await settle();
  return runBackup({
    config: {
      source,
      type: "Incremental",
      hostname: "shop",
      path: "/data",
      tags: ["policy"],
      excludes: [],
      targets: to.map((url) => ({ name: url, repository: { url }, expect: expectation })),
      lock,
      ...config,
    },
    open: ({ url }) => ({ storage: storeOf(url), password }),
    ...(signal && { signal }),
    ...(patienceMilliseconds && { patienceMilliseconds }),
  });
}

const repositoryOf = (name: string) => openRepository({ storage: storeOf(name), password });

async function contentOf(store: string, path: string, snapshot = "latest"): Promise<string> {
  const repository = await loadIndex(await repositoryOf(store));
  const { tree } = await findSnapshot(repository, snapshot);
  const node = await findNode(repository, tree, path);
  const parts = await Promise.all((node?.content ?? []).map((id) => readBlob(repository, id, "data")));
  return Buffer.concat(parts).toString();
}

const problemsOf = async (store: string) =>
  (await checkRepository({ repository: await repositoryOf(store), readData: true })).problems;

describe("a first backup", () => {
  test("is a Full, says what it read, and lies under the path it was told", async () => {
    await write("a.txt", "alpha");
    await write("folder/b.txt", "beta");
    await write("empty", "");
    const result = await backup({ time: "2026-11-23T01:00:00+01:00" });
    expect(result).toMatchObject({ state: "Good", files: 3, directories: 1, bytes: 9, bytesRead: 9, errors: 0 });
    expect(result.targets).toMatchObject([{ target: "one", state: "Good", type: "Full", repository: "one" }]);
    expect(await contentOf("one", "/data/folder/b.txt")).toBe("beta");
    const [snapshot] = await listSnapshots(await repositoryOf("one"));
    expect(snapshot).toMatchObject({
      id: result.targets[0]?.snapshot,
      time: "2026-11-23T00:00:00Z",
      hostname: "shop",
      paths: ["/data"],
      tags: ["policy", "type=Full", "holdfast-owner=full"],
    });
    expect(snapshot?.summary).toMatchObject({
      files_new: 3,
      dirs_new: 1,
      total_files_processed: 3,
      total_bytes_processed: 9,
      data_blobs: 2,
    });
    expect(await problemsOf("one")).toEqual([]);
  });

  test("keeps the metadata of every kind of entry", async () => {
    await write("file", "x");
    await chmod(join(source, "file"), 0o4711);
    execFileSync("touch", ["-d", "1969-12-31T23:59:54.5Z", join(source, "file")]);
    await symlink("../nowhere", join(source, "link"));
    await link(join(source, "file"), join(source, "same file"));
    await backup();
    const repository = await loadIndex(await repositoryOf("one"));
    const { tree } = await findSnapshot(repository, "latest");
    const [file, symbolic, hard] = await Promise.all(
      ["file", "link", "same file"].map((name) => findNode(repository, tree, `/data/${name}`)),
    );
    expect(file).toMatchObject({ type: "file", mode: 0o711 + 2 ** 23, mtime: -5_500_000_000n, links: 2, size: 1 });
    expect(symbolic).toMatchObject({ type: "symlink", linkTarget: Buffer.from("../nowhere") });
    expect(hard).toMatchObject({ inode: file?.inode, deviceId: file?.deviceId, content: file?.content });
    expect(file?.deviceId).not.toBe(0n);
  });

  test("cuts a large file into chunks and stores equal ones once", async () => {
    const large = randomBytes(6_000_000);
    await write("a", large);
    await write("b", large);
    const result = await backup();
    expect(result.bytesRead).toBe(12_000_000);
    expect(result.targets[0]?.bytesAdded).toBeLessThan(6_010_000);
    const repository = await loadIndex(await repositoryOf("one"));
    const node = await findNode(repository, (await findSnapshot(repository, "latest")).tree, "/data/a");
    expect(node?.content?.length).toBeGreaterThan(2);
    expect(await contentOf("one", "/data/b")).toBe(large.toString());
  });

  test("leaves out what is excluded, and says so in the snapshot", async () => {
    await write("keep", "1");
    await write("cache/x", "2");
    expect(await backup({ excludes: ["cache"] })).toMatchObject({ files: 1, directories: 0 });
    expect((await findSnapshot(await repositoryOf("one"), "latest")).excludes).toEqual(["cache"]);
  });

  test("counts what was left out by rule: a folder once, files with their bytes", async () => {
    await write("keep", "1");
    await write("cache/x", "2");
    await write("cache/y", "3");
    await write("large", "12345");
    await write("larger", "1234567");
    const result = await backup({ excludes: ["cache"], excludeLargerThan: 4 });
    expect(result).toMatchObject({ state: "Good", files: 1, errors: 0 });
    expect(result.leftOut).toEqual({
      entries: 3,
      bytes: 12,
      rules: [
        { rule: "--exclude-larger-than 4", entries: 2, bytes: 12 },
        { rule: "cache", entries: 1, bytes: 0 },
      ],
    });
  });

  test("takes what is included with the folders that lead there, and no others", async () => {
    await write("a/b/wanted", "1");
    await write("a/c/not", "2");
    await write("top", "3");
    expect(await backup({ includes: ["/a/b", "*.db"] })).toMatchObject({ state: "Good", files: 1, directories: 2 });
    const repository = await loadIndex(await repositoryOf("one"));
    const { tree } = await findSnapshot(repository, "latest");
    expect(await contentOf("one", "/data/a/b/wanted")).toBe("1");
    for (const path of ["/data/a/c", "/data/top"]) expect(await findNode(repository, tree, path)).toBeUndefined();
    expect(await problemsOf("one")).toEqual([]);
  });

  test.each<[string, Change]>([
    ["a glob", { excludes: ["*"] }],
    ["an include that is not there", { includes: ["/elsewhere"] }],
    ["a size", { excludeLargerThan: 0 }],
    ["a marker", { excludeIfPresent: ["mark"] }],
  ])("is not called good where everything was left out by %s", async (_, rules) => {
    await write("a", "1");
    await write("mark", rules.excludeLargerThan === undefined ? "" : "1");
    const result = await backup(rules);
    expect(result).toMatchObject({ state: "Incomplete", reason: "EverythingExcluded" });
    expect(result.message).toContain("correct the excludes or includes");
  });

  test("takes an empty volume for one, though the file system's own folder is left out", async () => {
    await mkdir(join(source, "lost+found"), { recursive: true });
    expect(await backup({ excludes: ["lost+found"] })).toMatchObject({ state: "Good", files: 0 });
  });

  test("refuses rules that name nothing before it touches a repository", async () => {
    await write("a", "1");
    expect(await backup({ excludes: ["/"] })).toMatchObject({ state: "Failed", reason: "InvalidConfiguration" });
  });
});

describe("the next backup", () => {
  test("reads nothing that has not changed, and stores nothing that is there", async () => {
    await write("a", "alpha");
    await write("folder/b", "beta");
    const first = await backup();
    const second = await backup();
    expect(second).toMatchObject({ state: "Good", files: 2, bytes: 9, bytesRead: 0 });
    expect(second.targets).toMatchObject([
      { type: "Incremental", parent: first.targets[0]?.snapshot, bytesAdded: 0, bytesStored: 0 },
    ]);
    await write("folder/b", "BETA!");
    const third = await backup();
    expect(third).toMatchObject({ bytesRead: 5 });
    expect((await findSnapshot(await repositoryOf("one"), "latest")).summary).toMatchObject({
      files_new: 0,
      files_changed: 1,
      files_unmodified: 1,
      dirs_changed: 1,
    });
    expect(await contentOf("one", "/data/folder/b")).toBe("BETA!");
    expect(await contentOf("one", "/data/folder/b", first.targets[0]?.snapshot)).toBe("beta");
  });

  test("notices a change that keeps size and time of modification", async () => {
    await write("a", "alpha");
    await utimes(join(source, "a"), 1000, 1000);
    await backup();
    await settle();
    await write("a", "omega");
    await utimes(join(source, "a"), 1000, 1000);
    await backup();
    expect(await contentOf("one", "/data/a")).toBe("omega");
  });

  test("writes again what the store has lost, so that the new snapshot is whole", async () => {
    await write("folder/a", "alpha");
    await backup();
    const { index } = await loadIndex(await repositoryOf("one"));
    const treePack = [...index.locations()].find(({ type }) => type === "tree")?.pack ?? "";
    stores.one?.objects.delete(packKey(treePack));
    const result = await backup();
    expect(result).toMatchObject({ state: "Good" });
    expect(result.targets[0]?.message).toMatch(/1 packs are missing .* The parent snapshot is damaged/);
    expect(await contentOf("one", "/data/folder/a")).toBe("alpha");
    expect(await problemsOf("one")).toEqual([]);
  });

  test("writes a damaged tree again, so that the new snapshot is whole", async () => {
    await write("folder/a", "alpha");
    await backup();
    const { index } = await loadIndex(await repositoryOf("one"));
    const treePack = [...index.locations()].find(({ type }) => type === "tree")?.pack ?? "";
    stores.one?.objects.get(packKey(treePack))?.fill(0, 0, 100);
    const result = await backup();
    expect(result).toMatchObject({ state: "Good" });
    expect(result.targets[0]?.message).toMatch(/The parent snapshot is damaged/);
    expect(await contentOf("one", "/data/folder/a")).toBe("alpha");
  });

  test("goes on where an older snapshot is damaged, and says so", async () => {
    await write("a", "alpha");
    const first = await backup();
    const key = `snapshots/${first.targets[0]?.snapshot}`;
    stores.one?.objects.get(key)?.fill(0, 20, 30);
    const second = await backup();
    expect(second).toMatchObject({ state: "Good", targets: [{ message: expect.stringContaining(key) }] });
  });

  test("does not take another host's or path's snapshot for its parent", async () => {
    await write("a", "alpha");
    await backup({ path: "/other" });
    await backup({ hostname: "elsewhere" });
    const result = await backup();
    expect(result.targets[0]).toMatchObject({ type: "Incremental", bytesAdded: expect.any(Number) });
    expect(result.targets[0]?.parent).toBeUndefined();
  });
});

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
    replaced.two = {
      ...slow,
      async put(key, data, options) {
        if (key.startsWith("data/")) await hurry;
        await slow.put(key, data, options);
      },
    };
    const quick = storeOf("one");
    replaced.one = {
      ...quick,
      async put(key, data, options) {
        await quick.put(key, data, options);
        if (!key.startsWith("snapshots/")) return;
        isOneDone = true;
        finishedWithout = [...(stores.two?.objects.keys() ?? [])].every((name) => !name.startsWith("data/"));
        letGo();
      },
    };
    const result = await backup({ to: ["one", "two"], patienceMilliseconds: 200 });
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

describe("doubtful sources", () => {
  test("a source that is not there is an error, before any repository is touched", async () => {
    const result = await backup({ source: join(source, "nowhere") });
    expect(result).toMatchObject({ state: "Failed", reason: "SourceUnreadable" });
    expect(stores.one?.objects.size).toBe(0);
    await write("file", "x");
    expect(await backup({ source: join(source, "file") })).toMatchObject({
      state: "Failed",
      reason: "SourceUnreadable",
    });
  });

  test("a source that has become empty does not count", async () => {
    await write("a", "alpha");
    await backup();
    await rm(join(source, "a"));
    const result = await backup();
    expect(result).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
    expect(isIncomplete(await findSnapshot(await repositoryOf("one"), "latest"))).toBe(true);
    expect(await backup()).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
  });

  test("a source that was always empty is good", async () => {
    expect(await backup()).toMatchObject({ state: "Good", files: 0 });
    expect(await backup()).toMatchObject({ state: "Good", files: 0 });
  });

  test("a file that vanishes while it is read is named, and the snapshot does not count", async () => {
    for (const name of ["a", "b", "c"]) await write(name, randomBytes(600_000));
    let removed: Promise<void> | undefined;
    const result = await runBackup({
      config: {
        source,
        type: "Incremental",
        tags: [],
        excludes: [],
        targets: [{ name: "one", repository: { url: "one" }, expect: "Any" }],
        lock,
      },
      open: ({ url }) => ({ storage: storeOf(url), password }),
      onProgress: () => {
        removed ??= rename(join(source, "c"), join(source, "..", "holdfast-moved-away")).then(() =>
          rm(join(source, "..", "holdfast-moved-away")),
        );
      },
    });
    await removed;
    expect(result).toMatchObject({ state: "Incomplete", reason: "ReadErrors", files: 2, errors: 1 });
    expect(result.failedPaths).toEqual([expect.stringMatching(/^c: ENOENT/)]);
    expect((await findSnapshot(await repositoryOf("one"), "latest")).tags).toContain(incompleteTag);
    expect(await problemsOf("one")).toEqual([]);
  });
});

describe("interruption", () => {
  test("says so, and leaves neither lock nor snapshot", async () => {
    await write("a", "alpha");
    const result = await backup({ signal: AbortSignal.abort() });
    expect(result).toMatchObject({ state: "Failed", reason: "Interrupted" });
    expect([...(stores.one?.objects.keys() ?? [])].filter((key) => /^(snapshots|locks)/.test(key))).toEqual([]);
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

describe("a Differential", () => {
  /** Owners of the packs that hold a snapshot's blobs, with those that only others' packs hold as `other`. */
  const ownersOf = async (store: string): Promise<Record<string, number>> => {
    const { index } = await loadIndex(await repositoryOf(store));
    const counts: Record<string, number> = {};
    for (const { type, owner = "nobody" } of index.locations())
      if (type === "data") counts[owner === "full" || owner === "nobody" ? owner : "run"] = (counts[owner] ?? 0) + 1;
    return counts;
  };
  const hintsOf = async (store: string) =>
    (await checkRepository({ repository: await repositoryOf(store), readData: true })).hints;

  test("is a Full where there is none, and says so", async () => {
    await write("a", "alpha");
    const { targets } = await backup({ type: "Differential" });
    expect(targets).toMatchObject([{ state: "Good", type: "Full", message: expect.stringMatching(/became one/) }]);
  });

  test("writes again what an Incremental had written, and reads nothing again that the Full has", async () => {
    const old = randomBytes(50_000);
    const added = randomBytes(70_000);
    await write("old", old);
    const full = await backup();
    await write("added", added);
    await backup();
    const { targets, bytesRead } = await backup({ type: "Differential" });
    expect(targets).toMatchObject([{ type: "Differential", state: "Good", parent: full.targets[0]?.snapshot }]);
    expect(bytesRead).toBe(added.length);
    expect(targets[0]?.bytesStored).toBeGreaterThan(added.length);
    const again = await backup();
    expect(again.targets[0], "an Incremental builds on everything").toMatchObject({ bytesAdded: 0 });
    expect(await hintsOf("one")).toEqual([]);
    expect(await problemsOf("one")).toEqual([]);
  });

  test("finds the Full's data where the Full's snapshot was forgotten", async () => {
    await write("old", randomBytes(50_000));
    const full = await backup();
    await write("added", "more");
    await backup();
    await removeSnapshot(await repositoryOf("one"), full.targets[0]?.snapshot ?? "");
    const { targets, bytesRead } = await backup({ type: "Differential" });
    expect(targets[0]?.parent).toBeUndefined();
    expect(bytesRead).toBeGreaterThan(50_000);
    expect(targets[0]?.bytesAdded).toBeLessThan(5000);
    expect(await hintsOf("one")).toEqual([]);
  });

  test("does not take an empty source for good, also where the Full's snapshot was forgotten", async () => {
    await write("old", "content");
    const full = await backup();
    await backup();
    await removeSnapshot(await repositoryOf("one"), full.targets[0]?.snapshot ?? "");
    await rm(join(source, "old"));
    expect(await backup({ type: "Differential" })).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
  });

  test("writes again what was written by nobody knows whom, and says so", async () => {
    await write("old", randomBytes(50_000));
    await backup();
    const repository = await repositoryOf("one");
    for (const [key] of [...(stores.one?.objects ?? [])]) if (key.startsWith("index/")) stores.one?.objects.delete(key);
    await withLock(repository, { identity: lock, exclusive: true }, (held) => repairIndex({ repository, lock: held }));
    const { targets } = await backup({ type: "Differential" });
    expect(targets[0]?.message).toMatch(/Nobody knows which run wrote 2 of the packs/);
    expect(targets[0]?.bytesAdded).toBeGreaterThan(50_000);
    expect(await ownersOf("one")).toEqual({ nobody: 1, run: 1 });
    expect(await hintsOf("one")).toEqual([]);
  });

  test("goes on with what an earlier attempt at the same run had stored", async () => {
    await write("old", "alpha");
    await backup();
    await write("added", randomBytes(60_000));
    const first = await backup({ type: "Differential", runTag: "run-1" });
    await removeSnapshot(await repositoryOf("one"), first.targets[0]?.snapshot ?? "");
    expect((await backup({ type: "Differential", runTag: "run-1" })).targets[0]).toMatchObject({ bytesAdded: 0 });
    expect((await backup({ type: "Differential", runTag: "run-1" })).targets[0]?.type).toBe("Differential");
    expect((await backup({ type: "Differential", runTag: "run-2" })).targets[0]?.bytesAdded).toBeGreaterThan(60_000);
  });

  test("is a Full on a target that has nothing yet, in the same read", async () => {
    await write("old", "alpha");
    await backup();
    await write("added", "beta");
    const { targets } = await backup({ type: "Differential", to: ["one", "two"] });
    expect(targets.map(({ type }) => type)).toEqual(["Differential", "Full"]);
    expect(await contentOf("two", "/data/added")).toBe("beta");
  });
});
