import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdfast, startHoldfast } from "../support/holdfast.ts";
import { makeLongSource } from "../support/long-source.ts";
import { reportSection } from "../support/report.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { resticFor } from "../support/restic.ts";
import { newestRestic } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { storedFiles } from "../support/stored-files.ts";

// What went wrong with a repository has the same exit code in both programs. (Restic 0.14 knows only 1 and 3.)

const { binary } = await newestRestic();
const isRoot = process.getuid?.() === 0;
const report = reportSection({
  name: "exit-codes",
  title: "Exit codes",
  text: "The same was done wrongly with restic 0.19.1 and with Holdfast.",
  columns: ["what", "restic", "Holdfast"],
});

let scratch: Scratch;
let source: string;
let place: RepositoryPlace;
const folderOf = ({ url }: RepositoryPlace) => url.slice("file://".length);

beforeAll(async () => {
  scratch = makeScratch();
  chmodSync(scratch.path("."), 0o755);
  source = scratch.path("source");
  mkdirSync(source);
  writeFileSync(join(source, "file"), "content");
  place = filePlace(scratch, binary);
  await place.restic.run("init");
  await place.restic.run("backup", source);
});
afterAll(() => scratch.remove());

/** One after the other: beside each other they would come upon each other's locks. */
async function bothEndWith(what: string, code: number, restic: () => Promise<Ended>, ours: () => Promise<Ended>) {
  const ends = { restic: (await restic()).code, holdfast: (await ours()).code };
  expect(ends, what).toEqual({ restic: code, holdfast: code });
  report.row(what, String(code), String(code));
}
interface Ended {
  readonly code: number | null;
}

const mover = (each: RepositoryPlace, ...words: string[]): Promise<Ended> =>
  holdfast(["mover", ...words, "--repository", each.url], { password: each.password });

describe("Both programs end alike", () => {
  it("when all is well", async () => {
    await bothEndWith(
      "a check of a good repository",
      0,
      () => place.restic.attempt("check"),
      () => mover(place, "check"),
    );
  });

  it.each<[string, string[], string[]]>([
    ["list", ["snapshots"], ["snapshots"]],
    ["restore", ["restore", "latest", "--target", "/nowhere/yet"], ["restore", "--target", "/nowhere/yet"]],
    ["check", ["check"], ["check"]],
    ["forget", ["forget", "--keep-last", "1"], ["forget", "--keep-last", "1"]],
    ["list keys", ["key", "list"], ["key", "list"]],
  ])("when %s finds no repository, or the wrong password", async (what, theirs, ours) => {
    const nowhere = filePlace(scratch, binary);
    await bothEndWith(
      `${what}, no repository`,
      10,
      () => nowhere.restic.attempt(...theirs),
      () => mover(nowhere, ...ours),
    );
    expect(existsSync(folderOf(nowhere))).toBe(false);
    const wrong = { ...place, password: "wrong" };
    const restic = resticFor(folderOf(place), "wrong", {}, binary);
    await bothEndWith(
      `${what}, wrong password`,
      12,
      () => restic.attempt(...theirs),
      () => mover(wrong, ...ours),
    );
  });

  it("when somebody works in the repository", async () => {
    const stored = storedFiles(folderOf(place));
    const child = startHeld();
    try {
      while (locksIn(place) === 0) await sleep(50);
      const forget = ["forget", "--keep-last", "1", "--prune"];
      await bothEndWith(
        "forget in use",
        11,
        () => place.restic.attempt(...forget),
        () => mover(place, ...forget),
      );
    } finally {
      child.stdin?.destroy();
      child.kill("SIGINT");
      await once(child, "exit");
    }
    expect(locksIn(place)).toBe(0);
    expect(Object.keys(stored).every((path) => path in storedFiles(folderOf(place)))).toBe(true);
  });

  it.skipIf(!isRoot)("when a file cannot be read", async () => {
    const closed = scratch.path("closed");
    mkdirSync(closed);
    writeFileSync(join(closed, "open"), "");
    writeFileSync(join(closed, "shut"), "", { mode: 0 });
    const [theirs, ours] = [filePlace(scratch, binary), filePlace(scratch, binary)];
    for (const each of [theirs, ours]) mkdirSync(folderOf(each), { mode: 0o777 });
    for (const each of [theirs, ours]) chmodSync(folderOf(each), 0o777);
    const asNobody = { password: ours.password, uid: 65534 };
    const words = ["mover", "backup", "--source", closed, "--repository", ours.url];
    await bothEndWith(
      "backup of something unreadable",
      3,
      () => resticAsNobody(theirs, closed),
      () => holdfast(words, asNobody),
    );
  });

  it("when they are interrupted", async () => {
    const big = scratch.path("big");
    makeLongSource(big);
    const [theirs, ours] = [filePlace(scratch, binary), filePlace(scratch, binary)];
    await theirs.restic.run("init");
    await ours.restic.run("init");
    const env = { ...process.env, RESTIC_PASSWORD: theirs.password };
    const restic = spawn(binary, ["-r", folderOf(theirs), "--no-cache", "backup", big], { env, stdio: "ignore" });
    const exited = once(restic, "exit") as Promise<[number | null]>;
    const own = startHoldfast(["mover", "backup", "--source", big, "--repository", ours.url]);
    while (locksIn(theirs) === 0 || locksIn(ours) === 0) await sleep(50);
    await sleep(500);
    restic.kill("SIGINT");
    own.process.kill("SIGINT");
    await bothEndWith(
      "an interrupted backup",
      130,
      () => exited.then(([code]) => ({ code })),
      () => own.ended,
    );
    expect([locksIn(theirs), locksIn(ours)], "the locks are taken back").toEqual([0, 0]);
    rmSync(big, { recursive: true });
  });
});

const locksIn = (each: RepositoryPlace): number => {
  const folder = join(folderOf(each), "locks");
  return existsSync(folder) ? readdirSync(folder).length : 0;
};

/** A restic that holds its lock until its input ends. */
function startHeld() {
  const env = { ...process.env, RESTIC_PASSWORD: place.password };
  return spawn(binary, ["-r", folderOf(place), "--no-cache", "backup", "--stdin"], {
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
}

/** Its own copy of restic, where nobody may run it. */
async function resticAsNobody(each: RepositoryPlace, folder: string): Promise<{ code: number }> {
  const env = { PATH: "", RESTIC_PASSWORD: each.password, RESTIC_REPOSITORY: folderOf(each), HOME: "/nonexistent" };
  const copy = scratch.path("restic");
  copyFileSync(binary, copy);
  chmodSync(copy, 0o755);
  const run = async (...words: string[]) => {
    const child = spawn(copy, ["--no-cache", ...words], { env, uid: 65534, gid: 65534, stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number | null];
    return { code: code ?? -1 };
  };
  expect(await run("init")).toEqual({ code: 0 });
  return run("backup", folder);
}
