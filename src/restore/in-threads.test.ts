import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../../test/support/folder-state.ts";
import { backedUp, opened } from "../../test/support/repository.ts";
import { packKey } from "../repository/pack-cache.ts";
import { findNode } from "../repository/tree.ts";
import { openFolders } from "../system/folders.ts";
import { fetchWindow } from "./fetch-window.ts";
import { fileWriter, type LendingFileWriter, type PendingFile } from "./files.ts";
import { newOutcome } from "./outcome.ts";
import { createPartWriters } from "./part-writers.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore.ts";
import { newFolder, openDescriptors, scratch } from "./testing.ts";
import { newWindow, planFile } from "./window.ts";

const { signal } = new AbortController();
type Made = Pick<RestoreOptions, "repository" | "snapshot">;
const restore = (options: Made & { readonly target: string } & Partial<RestoreOptions>) =>
  restoreSnapshot({ include: [], signal, partWriters: { threads: 2, worth: 0 }, ...options });

/** Restores, and says how many more descriptors were open at most meanwhile. */
async function restoreCountingOpen(made: Made, target: string) {
  const before = openDescriptors();
  let most = 0;
  const onProgress = () => {
    most = Math.max(most, openDescriptors() - before);
  };
  return { outcome: await restore({ ...made, target, onProgress }), most };
}

/** Large files, with content that is in two of them, with holes, with two names; and small ones. */
function largeFiles(): string {
  const source = newFolder();
  const shared = randomBytes(9_000_000);
  const withHoles = Buffer.concat([randomBytes(2_000_000), Buffer.alloc(12_000_000), randomBytes(10)]);
  writeFileSync(join(source, "one"), Buffer.concat([shared, randomBytes(3_000_000)]));
  writeFileSync(join(source, "two"), Buffer.concat([shared, randomBytes(5_000_000)]), { mode: 0o640 });
  mkdirSync(join(source, "folder"));
  writeFileSync(join(source, "folder/text"), Buffer.alloc(20_000_000, randomBytes(500_000).toString("hex")));
  writeFileSync(join(source, "folder/with holes"), withHoles);
  linkSync(join(source, "two"), join(source, "folder/two again"));
  writeFileSync(join(source, "small"), "small");
  writeFileSync(join(source, "empty"), "");
  return source;
}

/** Changes a byte of a blob where it is stored. */
function damage(place: string, { pack, offset }: { readonly pack: string; readonly offset: number }): void {
  const path = join(place, packKey(pack));
  const bytes = readFileSync(path);
  bytes[offset + 100] = (bytes[offset + 100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe("restoreSnapshot, large parts being written by threads", () => {
  let source: string;
  let place: string;
  let made: Awaited<ReturnType<typeof backedUp>>;
  beforeAll(async () => {
    source = largeFiles();
    place = newFolder();
    made = await backedUp(source, place);
  });

  function expectOnlyWholeFiles(target: string): void {
    for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile()) continue;
      expect(readFileSync(path).equals(readFileSync(path.replace(target, source))), path).toBe(true);
    }
  }

  it.each([8_192, 3])("brings everything back as it was, in windows of %d", async (windowSize) => {
    const before = openDescriptors();
    const target = newFolder();
    const done: number[] = [];
    const onProgress = ({ bytesDone }: { bytesDone: number }) => done.push(bytesDone);
    const outcome = await restore({ ...made, target, windowSize, onProgress });
    expect(outcome).toMatchObject({ errors: 0, files: 7, directories: 1, bytes: 60_000_015 });
    expect(done.at(-1)).toBe(60_000_015);
    expect(folderState(target, { root: true })).toEqual(folderState(source, { root: true }));
    expect(statSync(join(target, "folder/with holes")).blocks * 512).toBeLessThan(6_000_000);
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  it("has threads do it only where there is much to write", async () => {
    const program = new URL("data:text/javascript,throw new Error('out of order')");
    const target = newFolder();
    expect(await restore({ ...made, target, partWriters: { program, worth: 100_000_000 } })).toMatchObject({
      errors: 0,
    });
    await expect(restore({ ...made, target: newFolder(), partWriters: { program, worth: 0 } })).rejects.toThrow(
      "out of order",
    );
  });

  it.each([
    ["throws", new URL("data:text/javascript,throw new Error('out of order')")],
    ["ends", new URL("data:text/javascript,process.exit(0)")],
  ])("leaves nothing unfinished and no descriptor where a thread %s", async (_, program) => {
    const before = openDescriptors();
    const target = newFolder();
    const failed = restore({ ...made, target, partWriters: { program, threads: 2, worth: 0 } });
    await expect(failed).rejects.toThrow(/out of order|ended by itself/);
    expectOnlyWholeFiles(target);
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  it("names the files that are lost, leaves nothing of them, and brings back the rest", async () => {
    const copy = newFolder();
    execFileSync("cp", ["-r", `${place}/.`, copy]);
    const node = await findNode(made.repository, made.snapshot.tree, join(source, "two"));
    const [first] = node?.content ?? [];
    const blob = first && made.repository.index.find(first, "data");
    if (!blob) throw new Error("there is one");
    damage(copy, blob);
    const target = newFolder();
    const outcome = await restore({ ...(await opened(copy)), target });
    expect([...outcome.failedPaths].sort()).toEqual(["/folder/two again", "/one", "/two"]);
    const whole = { ...folderState(source) };
    for (const path of outcome.failedPaths) delete whole[path];
    expect(folderState(target)).toEqual(whole);
  });

  it.each([0, 1])("takes from another pack what is damaged in one, the copies being those of run %d", async (run) => {
    const twice = newFolder();
    const runs: string[][] = [];
    for (let number = 0; number < 2; number++) {
      // The second run does not know of the first one's packs.
      execFileSync("rm", ["-rf", join(twice, "index")]);
      const { repository } = await backedUp(source, twice);
      runs.push([...repository.index.packs()]);
      execFileSync("cp", ["-r", join(twice, "index"), join(twice, `index-${number}`)]);
    }
    for (let number = 0; number < 2; number++)
      execFileSync("cp", ["-r", `${twice}/index-${number}/.`, join(twice, "index")]);
    for (const location of (await opened(twice)).repository.index.locations()) {
      if (location.type === "data" && runs[run]?.includes(location.pack)) damage(twice, location);
    }
    const target = newFolder();
    expect(await restore({ ...(await opened(twice)), target })).toMatchObject({ errors: 0 });
    expect(folderState(target)).toEqual(folderState(source));
  });

  it("leaves nothing unfinished and no descriptor where a thread throws in the middle", async () => {
    const program = scratch.path("thread.ts");
    writeFileSync(
      program,
      `import { answerOrders } from ${JSON.stringify(new URL("../system/thread-pool.ts", import.meta.url))};
       import { writeParts } from ${JSON.stringify(new URL("./write-parts.ts", import.meta.url))};
       answerOrders((order) => {
         writeParts(order);
         throw new Error("out of order");
       });`,
    );
    const before = openDescriptors();
    const target = newFolder();
    const partWriters = { program: pathToFileURL(program), threads: 1, worth: 0 };
    await expect(restore({ ...made, target, partWriters })).rejects.toThrow("out of order");
    expectOnlyWholeFiles(target);
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  it("leaves only whole files when it is stopped, and no descriptor", async () => {
    const before = openDescriptors();
    const target = newFolder();
    const controller = new AbortController();
    const onProgress = ({ bytesDone }: { bytesDone: number }) => {
      if (bytesDone > 10_000_000) controller.abort(new Error("stopped"));
    };
    await expect(restore({ ...made, target, signal: controller.signal, onProgress })).rejects.toThrow("stopped");
    expectOnlyWholeFiles(target);
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  it("brings back files whose parts lie in packs of large blobs and of small ones", async () => {
    const mixed = newFolder();
    const place = newFolder();
    const [start, end] = [randomBytes(4_000_000), randomBytes(3000)];
    writeFileSync(join(mixed, "start"), start);
    await backedUp(mixed, place);
    for (let number = 0; number < 300; number++) writeFileSync(join(mixed, `${number}`), randomBytes(3000));
    for (let number = 0; number < 20; number++)
      writeFileSync(join(mixed, `both ${number}`), Buffer.concat([start, end, randomBytes(10)]));
    const repository = await backedUp(mixed, place);
    const target = newFolder();
    expect(await restore({ ...repository, target, slowMilliseconds: 0 })).toMatchObject({ errors: 0 });
    expect(folderState(target)).toEqual(folderState(mixed));
  });

  it("has few files open, however many have the same content", async () => {
    const many = newFolder();
    const content = randomBytes(200_000);
    for (let number = 0; number < 700; number++) writeFileSync(join(many, `${number}`), content);
    const repository = await backedUp(many, newFolder());
    const target = newFolder();
    const { outcome, most } = await restoreCountingOpen(repository, target);
    expect(outcome).toMatchObject({ errors: 0, files: 700 });
    expect(most).toBeLessThan(100);
    expect(folderState(target)).toEqual(folderState(many));
  });

  it("has threads write what belongs to very many files, without having all of them open", async () => {
    const many = newFolder();
    const contents = Array.from({ length: 5 }, () => randomBytes(140_000));
    for (let number = 0; number < 600; number++) writeFileSync(join(many, `${number}`), contents[number % 5] ?? "");
    const repository = await backedUp(many, newFolder());
    const target = newFolder();
    const { outcome, most } = await restoreCountingOpen(repository, target);
    expect(outcome).toMatchObject({ errors: 0, files: 600 });
    expect(most).toBeLessThan(500);
    expect(folderState(target)).toEqual(folderState(many));
    const program = new URL("data:text/javascript,throw new Error('out of order')");
    const failing = restore({ ...repository, target: newFolder(), partWriters: { program, worth: 0 } });
    await expect(failing).rejects.toThrow("out of order");
  });

  it("fails the file that cannot be written, and no other", async () => {
    const target = newFolder();
    const folders = openFolders(target);
    const outcome = newOutcome();
    const writer = fileWriter(folders, outcome);
    const window = newWindow();
    const nodes = await made.repository.readTree(
      (await findNode(made.repository, made.snapshot.tree, source))?.subtree ?? "",
    );
    for (const node of nodes.filter(({ name }) => ["one", "two"].includes(name.toString())))
      planFile(made.repository, window, { folder: { name: Buffer.alloc(0), parent: undefined }, node });
    const readOnly = openSync(join(source, "small"), "r");
    const lame: LendingFileWriter = {
      ...writer,
      lend: (file) => (writer.lend(file) === undefined ? undefined : isTwo(file) ? readOnly : file.lent?.descriptor),
    };
    const isTwo = ({ node }: PendingFile) => node.name.toString() === "two";
    const writers = createPartWriters({ worth: 0 });
    const { repository } = made;
    await fetchWindow({ repository, window, writer: lame, writers, signal, onBytes: () => {} });
    await writers.close();
    folders.close();
    closeSync(readOnly);
    expect(readdirSync(target)).toEqual(["one"]);
    expect(readFileSync(join(target, "one")).equals(readFileSync(join(source, "one")))).toBe(true);
    expect(outcome).toMatchObject({ files: 1, failedPaths: ["/two"] });
    expect(outcome.failures).toMatchObject([{ reason: "WriteErrors", message: expect.stringContaining("EBADF") }]);
  });

  it("says that the volume is full", { skip: process.getuid?.() !== 0 }, async () => {
    const before = openDescriptors();
    const target = newFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=15m", "tmpfs", target]);
    try {
      await expect(restore({ ...made, target })).rejects.toMatchObject({ reason: "TargetVolumeFull" });
      expect(openDescriptors()).toBeLessThanOrEqual(before);
    } finally {
      execFileSync("umount", [target]);
    }
  });
});
