import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../../test/support/folder-state.ts";
import { makeOddFolder } from "../../test/support/odd-folder.ts";
import { backedUp } from "../../test/support/repository.ts";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { createBlobIndex } from "../repository/blob-index.ts";
import { idOf } from "../repository/crypto.ts";
import { loadIndex } from "../repository/load-index.ts";
import { saveSnapshot } from "../repository/snapshots.ts";
import { folderNode, testRepository, testWriter } from "../repository/testing.ts";
import { encodeTree } from "../repository/tree-format.ts";
import { restorable } from "./restorable.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore.ts";
import { smallRepository } from "./testing.ts";

let scratch: Scratch;
let count = 0;
const newFolder = () => scratch.path(`folder-${count++}`);
const { signal } = new AbortController();

let source: string;
let odd: Awaited<ReturnType<typeof backedUp>>;

beforeAll(async () => {
  scratch = makeScratch();
  source = newFolder();
  mkdirSync(source);
  makeOddFolder(source);
  odd = await backedUp(source, newFolder());
});
afterAll(() => scratch?.remove());

const restore = (target: string, options: Partial<RestoreOptions> = {}) =>
  restoreSnapshot({ ...odd, target, include: [], signal, ...options });

describe("restoreSnapshot", () => {
  it("does not pass the target folder's default ACL on", async () => {
    const target = newFolder();
    mkdirSync(target);
    execFileSync("setfacl", ["-d", "-m", "u:12345:rwx", target]);
    const outcome = await restore(target);
    expect(outcome).toMatchObject({ errors: 0, notices: [expect.stringContaining("default ACL")] });
    expect(folderState(target)).toEqual(folderState(source));
  });

  it("brings everything back as it was, and counts it", async () => {
    const target = newFolder();
    const outcome = await restore(target);
    expect(outcome).toMatchObject({ errors: 0, failedPaths: [], notices: [] });
    expect(folderState(target, { root: true })).toEqual(folderState(source, { root: true }));
    const files = Object.values(folderState(source)).filter((state) => /^mode 10\d{4},/.test(state));
    expect(outcome.files).toBe(files.length);
    expect(outcome.directories).toBe(5);
  });

  it("counts no folder that it could not make", async () => {
    const { repository } = await testRepository();
    const writer = testWriter({ repository, index: createBlobIndex() });
    const store = async (bytes: Buffer) => {
      const id = idOf(bytes);
      await writer.add({ id, type: "tree", bytes });
      return id;
    };
    const empty = await store(encodeTree([]));
    const tree = await store(encodeTree([folderNode("good", empty), folderNode("x".repeat(300), empty)]));
    await writer.finish();
    const facts = { time: "2026-01-01T00:00:00Z", tree, paths: ["/"], hostname: "test" };
    const snapshot = await saveSnapshot(repository, facts);
    const target = newFolder();
    const outcome = await restore(target, { repository: restorable(await loadIndex(repository)), snapshot });
    expect(readdirSync(target)).toEqual(["good"]);
    expect(outcome).toMatchObject({ directories: 1, errors: 1, failedPaths: [`/${"x".repeat(300)}`] });
  });

  it("takes no file for restored of which a part has neither come nor been refused", async () => {
    const repository = {
      ...odd.repository,
      async *readParts(...asked: Parameters<typeof odd.repository.readParts>) {
        let number = 0;
        for await (const blob of odd.repository.readParts(...asked)) if (number++ > 0) yield blob;
      },
    };
    const target = newFolder();
    const outcome = await restore(target, { repository });
    expect(outcome.errors).toBeGreaterThan(0);
    expect(outcome.failures).toEqual([{ reason: "InternalError", message: expect.stringMatching(/neither written/) }]);
    for (const path of outcome.failedPaths) expect(existsSync(join(target, path)), path).toBe(false);
  });

  it("does the same in windows of a few blobs, in bounded memory and descriptors", async () => {
    const target = newFolder();
    const before = readdirSync("/proc/self/fd").length;
    await restore(target, { windowSize: 3 });
    expect(folderState(target)).toEqual(folderState(source));
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });

  it("leaves holes where there are only zeros", async () => {
    const target = newFolder();
    await restore(target, { include: ["sparse"] });
    const { size, blocks } = statSync(join(target, "sparse"));
    expect(size).toBe(6_291_456);
    expect(blocks * 512).toBeLessThanOrEqual(64 * 1024);
  });

  it("restores only what is included, with the folders on the way", async () => {
    const target = newFolder();
    await restore(target, { include: ["/deep/er/and", `${source}/empty`, "link"] });
    const whole = folderState(source);
    const wanted = [
      "/deep",
      "/deep/er",
      "/deep/er/and",
      "/deep/er/and/deeper",
      "/deep/er/and/deeper/file",
      "/empty",
      "/link",
    ];
    expect(folderState(target)).toEqual(Object.fromEntries(wanted.map((path) => [path, whole[path]])));
  });

  it("refuses an included path that is not in the snapshot, before anything is written", async () => {
    const target = newFolder();
    await expect(restore(target, { include: ["deep", "deep/nothing"] })).rejects.toMatchObject({
      reason: "InvalidConfiguration",
      message: expect.stringContaining("«deep/nothing» is not in snapshot"),
    });
    expect(existsSync(target)).toBe(false);
  });

  it("takes an empty folder, with lost+found in it, and no other", async () => {
    const target = newFolder();
    mkdirSync(join(target, "lost+found"), { recursive: true });
    await restore(target, { include: ["empty"] });
    expect(readdirSync(target).sort()).toEqual(["empty", "lost+found"]);
    const again = restore(target, { include: ["link"] });
    await expect(again).rejects.toMatchObject({
      reason: "TargetFolderNotEmpty",
      message: expect.stringMatching(/it holds empty/),
    });
    expect(readdirSync(target).sort()).toEqual(["empty", "lost+found"]);
  });

  it("restores a volume's own lost+found into the one that is there", async () => {
    const { folder, repository, snapshot } = await smallRepository((made) => {
      mkdirSync(join(made, "lost+found"), { mode: 0o700 });
      writeFileSync(join(made, "lost+found/#123"), "found");
    });
    const target = newFolder();
    mkdirSync(join(target, "lost+found"), { recursive: true });
    expect(await restore(target, { repository, snapshot })).toMatchObject({ errors: 0 });
    expect(folderState(target)).toEqual(folderState(folder));
  });

  it.each([
    ["in the end", 1_000_000_000, true],
    ["earlier", 1, false],
  ])("is not done where the disk says %s that it has not got everything", async (_, every, writesAll) => {
    let syncs = 0;
    const sync = async () => {
      if (++syncs === 1) throw Object.assign(new Error("EIO: i/o error, syncfs"), { code: "EIO" });
    };
    let written = 0;
    const onProgress = ({ bytesDone }: { bytesDone: number }) => {
      written = bytesDone;
    };
    const { bytes } = await restore(newFolder());
    await expect(restore(newFolder(), { flush: { sync, every }, onProgress })).rejects.toThrow("EIO");
    expect(written === bytes).toBe(writesAll);
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    controller.abort(new Error("stopped"));
    await expect(restore(newFolder(), { signal: controller.signal })).rejects.toThrow("stopped");
  });
});

describe.skipIf(process.getuid?.() !== 0)("restoreSnapshot into a small volume", () => {
  it("says that it is full, and leaves nothing unfinished", async () => {
    const target = newFolder();
    mkdirSync(target);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", target]);
    try {
      await expect(restore(target)).rejects.toMatchObject({
        reason: "TargetVolumeFull",
        message: expect.stringMatching(/is full/),
      });
      expect(existsSync(join(target, "large"))).toBe(false);
    } finally {
      execFileSync("umount", [target]);
    }
  });

  it("says that it is read-only", async () => {
    const target = newFolder();
    mkdirSync(target);
    execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", target]);
    try {
      await expect(restore(target)).rejects.toMatchObject({
        reason: "InvalidConfiguration",
        message: expect.stringMatching(/read-only/),
      });
    } finally {
      execFileSync("umount", [target]);
    }
  });
});

describe("restoreSnapshot of links", () => {
  it("does not follow a link that the snapshot itself has", async () => {
    const outside = newFolder();
    mkdirSync(outside);
    writeFileSync(join(outside, "untouched"), "as it was");
    const { repository, snapshot } = await smallRepository((folder) => {
      symlinkSync(outside, join(folder, "a"));
      symlinkSync(join(outside, "untouched"), join(folder, "b"));
    });
    const before = lstatSync(join(outside, "untouched"));
    const target = newFolder();
    await restore(target, { repository, snapshot });
    expect(readlinkSync(join(target, "a"))).toBe(outside);
    expect(readdirSync(outside)).toEqual(["untouched"]);
    expect(lstatSync(join(outside, "untouched"))).toEqual(before);
  });
});
