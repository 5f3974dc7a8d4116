import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { holdfast } from "../support/holdfast.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { expectedFiles, ownObjects, plainObjects } from "./mirror-objects.ts";
import { type MirrorPlace, useMirrorPlaces } from "./mirror-places.ts";
import { type MirrorResult, mirror, mirrorWords, run, succeeds } from "./mirror-runs.ts";

/**
 * Mirrors by the command line, in a folder and in a real S3 server: what a person sees there with other tools, and what comes back. No password is
 * given anywhere: a mirror needs none.
 */

const { folderPlace, s3Place, newPath, root } = useMirrorPlaces();

async function restoredState(place: MirrorPlace): Promise<Record<string, string>> {
  const target = newPath("restored");
  const ran = await succeeds(place, ["restore", "--target", target, "--verify"]);
  expect(ran.result()).toMatchObject({ state: "Good", errors: 0 });
  const state = folderState(target, { root: true });
  rmSync(target, { recursive: true });
  return state;
}

function newSource(files: Readonly<Record<string, string | Buffer>>): string {
  const source = newPath("source");
  mkdirSync(source);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(source, path, ".."), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  return source;
}

/** Another user may read and write everything in this folder. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o777);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), 0o777);
  }
}

test("a mirror can be looked into like a snapshot, and says where there is nothing to look at", async () => {
  const source = newSource({ "folder/a": "content of a", b: "bbb" });
  const place = folderPlace();
  const { targets } = await mirror(place, source);
  const text = async (words: readonly string[]) => {
    const ran = await holdfast(["mover", ...words, "--repository", place.url], { password: "" });
    return { code: ran.code, said: ran.stdout + ran.stderr };
  };
  const name = source.slice(source.lastIndexOf("/"));
  const id = targets[0]?.snapshot.slice(0, 8) ?? "";
  expect((await text(["snapshots"])).said).toContain(id);
  expect((await text(["ls", "latest"])).said).toContain(`${name}/folder/a`);
  expect((await text(["find", "a"])).said).toContain(`${name}/folder/a`);
  expect(await text(["dump", id, `${name}/folder/a`])).toEqual({ code: 0, said: "content of a" });
  expect((await text(["dump", "0123456789", `${name}/b`])).said).toMatch(/keeps no older state/);
  expect(await text(["diff", "latest", "latest"])).toMatchObject({
    code: 1,
    said: expect.stringMatching(/is a mirror, which has neither an index nor a history/),
  });
});

test("stats of a mirror count what a restore brings back, and what is in the store", async () => {
  const source = newSource({ "folder/a": "content of a", b: "bbb" });
  linkSync(join(source, "b"), join(source, "same as b"));
  symlinkSync("b", join(source, "link"));
  const place = folderPlace();
  const { targets } = await mirror(place, source);
  const objects = readdirSync(place.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = objects.map(({ parentPath, name }) => ({
    isOwn: parentPath.startsWith(join(place.folder, ".holdfast")),
    size: statSync(join(parentPath, name)).size,
  }));
  const sum = (some: typeof sizes) => some.reduce((total, { size }) => total + size, 0);
  const own = sizes.filter(({ isOwn }) => isOwn);

  const restored = { total_size: 15, total_file_count: 6 };
  expect((await succeeds(place, ["stats"])).result()).toEqual({
    ...restored,
    snapshots_count: 1,
    snapshots: [{ id: targets[0]?.snapshot, time: expect.any(String), ...restored, type: "Mirror" }],
    objects: {
      total_size: sum(sizes),
      total_count: sizes.length,
      own_size: sum(own),
      own_count: own.length,
    },
  });
  const said = await holdfast(["mover", "stats", "latest", "--repository", place.url], { password: "" });
  expect(said.stdout).toMatch(
    /^mirror [0-9a-f]{8} of .*: restored 15 B in 6 entries\nin the store: .* in \d+ objects\n/,
  );
  expect((await run(place, ["stats", "0123456789"])).stderr).toMatch(/keeps no older state/);
});

describe.each([
  { where: "a folder", newPlace: folderPlace },
  { where: "S3", newPlace: s3Place },
])("a mirror in $where", ({ newPlace }) => {
  test("shows every file as an object, and brings everything back as it was", async () => {
    const source = newSource({});
    makeOddFolder(source);
    const place = newPlace();
    const result = await mirror(place, source);
    expect(result).toMatchObject({ state: "Good", targets: [{ type: "Mirror" }] });
    const objects = await place.objects();
    const expected = expectedFiles(source);
    expect(Object.keys(expected).length).toBeGreaterThan(10);
    expect(plainObjects(objects)).toEqual(expected);
    expect(ownObjects(objects, "awkward")).toHaveLength(3);
    expect(await restoredState(place)).toEqual(folderState(source, { root: true }));
    const checked = await succeeds(place, ["check", "--read-data"]);
    expect(checked.result()).toMatchObject({ state: "Good", problems: [], bytesRead: result.bytesRead });

    const again = await mirror(place, source);
    // A file that is another name of one is no other file, and files with mode 0 are files, too.
    expect(again).toMatchObject({ state: "Good", bytesRead: 0, targets: [{ bytesStored: 0 }] });
    expect(plainObjects(await place.objects())).toEqual(expected);
  });

  test("follows additions, changes, removals, renames, and files that become folders", async () => {
    const large = randomBytes(20_000_001);
    const source = newSource({
      keep: "kept",
      change: "before",
      remove: "gone soon",
      "folder/moved": "moves",
      "becomes folder": "file",
      "becomes file/inside": "x",
      large,
      "large and constant": randomBytes(9_000_000),
    });
    const place = newPlace();
    await mirror(place, source);
    appendFileSync(join(source, "change"), " and after");
    rmSync(join(source, "remove"));
    renameSync(join(source, "folder"), join(source, "renamed"));
    rmSync(join(source, "becomes folder"));
    mkdirSync(join(source, "becomes folder"));
    writeFileSync(join(source, "becomes folder/inside"), "y");
    rmSync(join(source, "becomes file"), { recursive: true });
    writeFileSync(join(source, "becomes file"), "z");
    writeFileSync(join(source, "large"), Buffer.concat([large.subarray(0, 12_000_000), randomBytes(8_000_001)]));
    utimesSync(join(source, "large and constant"), 1_700_000_000, 1_700_000_000);
    chmodSync(join(source, "keep"), 0o600);

    const result = await mirror(place, source, ["--maximum-change", "100"]);
    expect(result.targets[0]?.bytesStored).toBeLessThan(21_000_000);
    const objects = await place.objects();
    expect(plainObjects(objects)).toEqual(expectedFiles(source));
    expect(ownObjects(objects, "staging")).toEqual([]);
    expect(ownObjects(objects, "locks")).toEqual([]);
    expect(ownObjects(objects, "manifests")).toHaveLength(1);
    expect(ownObjects(objects, "trees")).toHaveLength(4);
    expect(await restoredState(place)).toEqual(folderState(source, { root: true }));
    await succeeds(place, ["check", "--read-data"]);
  });

  test("stops a mass change, touches nothing, and lets it pass when it is acknowledged", async () => {
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`folder/${n}`, `content ${n}`]));
    const source = newSource(files);
    const place = newPlace();
    await mirror(place, source);
    const before = await place.objects();
    for (const n of [0, 1, 2]) writeFileSync(join(source, `folder/${n}`), "encrypted");
    for (const n of [3, 4, 5]) rmSync(join(source, `folder/${n}`));
    writeFileSync(join(source, "new"), "and new");

    const stopped = await run(place, mirrorWords(source));
    expect(stopped.code).toBe(1);
    const said = stopped.result<MirrorResult>();
    const [target] = said.targets;
    expect(said).toMatchObject({ state: "Failed", reason: "MassChange" });
    expect(target?.massChange).toMatchObject({ share: 60, removed: { files: 3 }, replaced: { files: 3 } });
    const token = target?.massChange?.token ?? "";
    expect(said.message).toContain(token);
    const after = await place.objects();
    expect(plainObjects(after)).toEqual(plainObjects(before));
    expect(ownObjects(after, "staging")).toEqual([]);
    expect(after[".holdfast/state"]).toBe(before[".holdfast/state"]);

    const wrong = await run(place, [...mirrorWords(source), "--acknowledge", token.replace(/^./, "x")]);
    expect(wrong.result()).toMatchObject({ reason: "MassChange" });
    rmSync(join(source, "folder/6"));
    const grown = await run(place, [...mirrorWords(source), "--acknowledge", token]);
    expect(grown.result()).toMatchObject({ reason: "MassChange" });
    writeFileSync(join(source, "folder/6"), "content 6");
    await mirror(place, source, ["--acknowledge", token]);
    expect(plainObjects(await place.objects())).toEqual(expectedFiles(source));

    rmSync(join(source, "folder"), { recursive: true });
    rmSync(join(source, "new"));
    const emptied = await run(place, [...mirrorWords(source), "--maximum-change", "100", "--acknowledge", token]);
    const massChange = emptied.result<MirrorResult>().targets[0]?.massChange;
    expect(massChange).toMatchObject({ share: 100 });
    await mirror(place, source, ["--acknowledge", massChange?.token ?? ""]);
    expect(plainObjects(await place.objects())).toEqual({});
    expect(await restoredState(place)).toEqual(folderState(source, { root: true }));
  });

  test.runIf(process.getuid?.() === 0)("stays as it was when a path cannot be read", async () => {
    const source = newSource({ readable: "1", unreadable: "2", another: "3" });
    const place = newPlace();
    await mirror(place, source);
    const before = await place.objects();
    writeFileSync(join(source, "readable"), "changed");
    chmodSync(join(source, "unreadable"), 0);
    chmodSync(root(), 0o755);
    if (place.url.startsWith("file:")) openToAll(place.folder);
    const ran = await holdfast(["mover", ...mirrorWords(source), "--repository", place.url, "--json"], {
      environment: place.environment,
      uid: 65534,
    });
    expect(ran.result()).toMatchObject({
      state: "Failed",
      reason: "ReadErrors",
      errors: 1,
      failedPaths: [expect.stringContaining("unreadable")],
    });
    const after = await place.objects();
    expect(plainObjects(after)).toEqual(plainObjects(before));
    expect(ownObjects(after, "staging")).toEqual([]);
    await mirror(place, source);
    expect(plainObjects(await place.objects())).toEqual(expectedFiles(source));
  });

  test("puts right what somebody removed or cut, and says what somebody added or changed", async () => {
    const source = newSource({ a: "aaaa", b: "bbbb", c: "cccc" });
    const place = newPlace();
    await mirror(place, source);
    rmSync(join(place.folder, "files/a"));
    truncateSync(join(place.folder, "files/b"), 2);
    writeFileSync(join(place.folder, "files/stray"), "who put this here?");
    const problems = async (...more: string[]) => {
      const ran = await run(place, ["check", ...more]);
      expect(ran.code, ran.stdout + ran.stderr).toBe(1);
      return ran.result<{ problems: string[] }>().problems.join("\n");
    };
    expect(await problems()).toMatch(/\/a: .*\n\/b: .*\nfiles\/stray /s);
    const target = newPath("restored");
    const restored = await run(place, ["restore", "--target", target]);
    const said = restored.result<MirrorResult>();
    expect(said).toMatchObject({ state: "Incomplete", reason: "RepositoryDamaged" });
    // Both are asked for at the same time.
    expect(said.failedPaths.toSorted()).toEqual(["/a", "/b"]);
    expect(readdirSync(target)).toEqual(["c"]);

    await mirror(place, source);
    rmSync(join(place.folder, "files/stray"));
    await succeeds(place, ["check", "--read-data"]);
    writeFileSync(join(place.folder, "files/c"), "CCCC");
    await succeeds(place, ["check"]);
    expect(await problems("--read-data")).toMatch(/^\/c: files\/c of .* was changed\.$/);
  });

  test("takes no place that holds something else, and none without a word about encryption", async () => {
    const source = newSource({ a: "a" });
    const place = newPlace();
    const silent = await run(place, ["backup", "--type", "Mirror", "--source", source]);
    expect(silent.result()).toMatchObject({
      reason: "InvalidConfiguration",
      message: expect.stringMatching(/--unencrypted/),
    });
    mkdirSync(place.folder, { recursive: true });
    writeFileSync(join(place.folder, "somebody's"), "file");
    const full = await run(place, mirrorWords(source));
    expect(full.result()).toMatchObject({ reason: "RepositoryNotEmpty" });
    expect(readdirSync(place.folder).filter((name) => !name.startsWith("."))).toEqual(["somebody's"]);
  });
});
