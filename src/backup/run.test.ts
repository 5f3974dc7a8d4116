import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, rename, rm, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadIndex } from "../repository/load-index.ts";
import { packKey } from "../repository/pack-cache.ts";
import { findSnapshot, isIncomplete, listSnapshots } from "../repository/snapshots.ts";
import { findNode } from "../repository/tree.ts";
import { incompleteTag } from "../repository/types.ts";
import { runBackup } from "./run.ts";

import {
  backup,
  type Change,
  contentOf,
  lock,
  password,
  problemsOf,
  repositoryOf,
  settle,
  source,
  storeOf,
  stores,
  write,
} from "./testing.ts";

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
