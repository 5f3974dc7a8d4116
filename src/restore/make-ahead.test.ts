import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { folderState } from "../../test/support/folder-state.ts";
import { makeOddFolder } from "../../test/support/odd-folder.ts";
import { backedUp, opened } from "../../test/support/repository.ts";
import { fileNode } from "../repository/testing.ts";
import { type Folder, openFolders } from "../system/folders.ts";
import { fileWriter, type PendingFile } from "./files.ts";
import { newOutcome } from "./outcome.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore.ts";
import { newFolder, openDescriptors } from "./testing.ts";

describe("A writer of files", () => {
  const root: Folder = { name: Buffer.alloc(0), parent: undefined };
  const planned = (name: string): PendingFile => ({
    folder: root,
    node: fileNode(name, [], 3),
    size: 3,
    missing: 1,
    state: "Planned",
  });

  it("makes a file ahead, which is then written like any other", async () => {
    const target = newFolder();
    const folders = openFolders(target);
    const outcome = newOutcome();
    const writer = fileWriter(folders, outcome, 0);
    const [file, lost] = [planned("file"), planned("lost")];
    for (const each of [file, lost]) {
      writer.makeAhead?.(each);
      expect(each.beingMade).toBeDefined();
      await each.beingMade;
    }
    expect(readdirSync(target)).toEqual(["file", "lost"]);
    writer.write(file, 0, Buffer.from("abc"));
    writer.abandon(lost, "RepositoryDamaged", "it is damaged");
    folders.close();
    expect(readdirSync(target)).toEqual(["file"]);
    expect(readFileSync(join(target, "file"), "utf8")).toBe("abc");
    expect(outcome).toMatchObject({ files: 1, failedPaths: ["/lost"] });
  });

  it("does so only where making files takes long", () => {
    const folders = openFolders(newFolder());
    const writer = fileWriter(folders, newOutcome(), 1000);
    writer.write(planned("first"), 0, Buffer.from("abc"));
    const file = planned("file");
    writer.makeAhead?.(file);
    expect(file.beingMade).toBeUndefined();
    folders.close();
  });

  it("leaves it to the writing to tell that there is no folder", () => {
    const folders = openFolders(newFolder());
    const outcome = newOutcome();
    const writer = fileWriter(folders, outcome, 0);
    const file = { ...planned("file"), folder: { name: Buffer.from("nowhere"), parent: root } };
    writer.makeAhead?.(file);
    expect(file.beingMade).toBeUndefined();
    writer.write(file, 0, Buffer.from("abc"));
    folders.close();
    expect(outcome.failedPaths).toEqual(["/nowhere/file"]);
  });

  it("makes so many ahead, and no more, whoever forgets to write them", async () => {
    const target = newFolder();
    const folders = openFolders(target);
    const writer = fileWriter(folders, newOutcome(), 0);
    const files = Array.from({ length: 100 }, (_, number) => planned(`${number}`));
    for (const file of files) writer.makeAhead?.(file);
    await Promise.all(files.map(({ beingMade }) => beingMade));
    expect(readdirSync(target)).toHaveLength(64);
    for (const file of files) writer.write(file, 0, Buffer.from("abc"));
    const more = planned("more");
    writer.makeAhead?.(more);
    await more.beingMade;
    writer.write(more, 0, Buffer.from("abc"));
    folders.close();
    expect(readdirSync(target)).toHaveLength(101);
  });

  it("tells why a file cannot be made when it is written, and leaves alone what is in its place", async () => {
    const target = newFolder();
    writeFileSync(join(target, "file"), "somebody's");
    const folders = openFolders(target);
    const outcome = newOutcome();
    const writer = fileWriter(folders, outcome, 0);
    const file = planned("file");
    writer.makeAhead?.(file);
    await file.beingMade;
    writer.write(file, 0, Buffer.from("abc"));
    folders.close();
    expect(outcome.failures).toMatchObject([
      { reason: "WriteErrors", message: expect.stringMatching(/\/file.*exists/i) },
    ]);
    expect(readFileSync(join(target, "file"), "utf8")).toBe("somebody's");
  });
});

describe("restoreSnapshot, several files being made at a time", () => {
  const { signal } = new AbortController();
  const restore = (options: Pick<RestoreOptions, "repository" | "snapshot" | "target"> & Partial<RestoreOptions>) =>
    restoreSnapshot({ include: [], signal, slowMilliseconds: 0, ...options });

  it.each([8_192, 3])("brings everything back as it was, in windows of %d", async (windowSize) => {
    const source = newFolder();
    makeOddFolder(source);
    const place = newFolder();
    const { repository, snapshot } = await backedUp(source, place);
    const before = openDescriptors();
    const target = newFolder();
    expect(await restore({ repository, snapshot, target, windowSize })).toMatchObject({ errors: 0 });
    expect(folderState(target, { root: true })).toEqual(folderState(source, { root: true }));
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  /** 400 files in 20 folders, and one of several blobs. */
  function manyFiles(): string {
    const source = newFolder();
    for (let folder = 0; folder < 20; folder++) {
      mkdirSync(join(source, `${folder}`));
      for (let file = 0; file < 20; file++) writeFileSync(join(source, `${folder}/${file}`), randomBytes(3000));
    }
    writeFileSync(join(source, "large"), randomBytes(6_000_000));
    return source;
  }

  it("leaves nothing of a file that is lost, and brings back the rest", async () => {
    const source = manyFiles();
    const place = newFolder();
    const { repository } = await backedUp(source, place);
    const data = [...repository.index.locations()].filter(({ type }) => type === "data");
    const damaged = [
      data.find(({ plainLength }) => plainLength === 3000),
      data.findLast((blob) => blob.plainLength > 3000),
    ];
    for (const blob of damaged) {
      if (!blob) throw new Error("there must be one");
      const path = join(place, "data", blob.pack.slice(0, 2), blob.pack);
      const bytes = readFileSync(path);
      bytes[blob.offset + 100] = (bytes[blob.offset + 100] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
    const target = newFolder();
    const outcome = await restore({ ...(await opened(place)), target });
    expect(outcome.failedPaths).toHaveLength(2);
    const whole = { ...folderState(source) };
    for (const path of outcome.failedPaths) delete whole[path];
    expect(folderState(target)).toEqual(whole);
  });

  it("leaves only whole files when it is stopped, and no descriptor", async () => {
    const source = manyFiles();
    const made = await backedUp(source, newFolder());
    const before = openDescriptors();
    const target = newFolder();
    const controller = new AbortController();
    const onProgress = ({ filesDone }: { filesDone: number }) => {
      if (filesDone === 100) controller.abort(new Error("stopped"));
    };
    await expect(restore({ ...made, target, signal: controller.signal, onProgress })).rejects.toThrow("stopped");
    const left = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(left.length).toBeGreaterThanOrEqual(100);
    for (const { parentPath, name } of left) {
      const path = join(parentPath, name);
      expect(readFileSync(path).equals(readFileSync(path.replace(target, source)))).toBe(true);
    }
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "says that the volume is full where there is no room for one more file",
    async () => {
      const made = await backedUp(manyFiles(), newFolder());
      const target = newFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=200", "tmpfs", target]);
      try {
        await expect(restore({ ...made, target })).rejects.toMatchObject({ reason: "TargetVolumeFull" });
      } finally {
        execFileSync("umount", [target]);
      }
    },
  );
});
