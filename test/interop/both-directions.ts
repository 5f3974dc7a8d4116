import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { holdfast } from "../support/holdfast.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import type { RepositoryPlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Plain restic is the referee: it must find everything we write in order and restore it, and the other way round.

interface ResticSnapshot {
  readonly id: string;
  readonly short_id: string;
  readonly time: string;
  readonly paths: readonly string[];
}

/**
 * The tests of what each of the two programs does with what the other wrote.
 *
 * @param newPlace a place for a repository, that nobody used
 * @param folderOf where the repository's files lie on this machine
 */
export function testBothDirections(
  newPlace: () => RepositoryPlace,
  folderOf: (place: RepositoryPlace) => string,
): void {
  let scratch: Scratch;
  let source: string;
  let folders = 0;
  const newFolder = (name: string) => scratch.path(`${name}-${folders++}`);
  beforeAll(() => {
    scratch = makeScratch();
    source = newFolder("source");
    mkdirSync(source);
    makeOddFolder(source);
  });
  afterAll(() => scratch?.remove());

  it("that we write is whole for restic, and restic restores it to the byte", async () => {
    const place = newPlace();
    const ran = await mover(place, ["backup", "--source", source, "--json"]);
    expect(ran.result()).toMatchObject({ kind: "backup", state: "Good", errors: 0 });
    await place.restic.check();

    const target = newFolder("restic-restored");
    await place.restic.run("restore", "latest", "--target", target);
    expect(folderState(`${target}${source}`)).toEqual(folderState(source));
  });

  it("that we write, we restore exactly, and prove it", async () => {
    const place = newPlace();
    await mover(place, ["backup", "--source", source]);
    const target = newFolder("restored");
    const ran = await mover(place, ["restore", "--target", target, "--verify", "--json"]);
    expect(ran.result()).toMatchObject({ kind: "restore", state: "Good", errors: 0, failedPaths: [] });
    expect(folderState(target, { root: true })).toEqual(folderState(source, { root: true }));
    const verified = await mover(place, ["verify", "--target", target, "--json"]);
    expect(verified.result()).toMatchObject({
      kind: "verify",
      state: "Good",
      files: ran.result<{ files: number }>().files,
    });
  });

  it("that restic writes, we list, check, restore, continue and prune", async () => {
    const place = newPlace();
    const growing = newFolder("growing");
    mkdirSync(growing);
    makeOddFolder(growing);
    await place.restic.run("init", "--repository-version", "2");
    await place.restic.run("backup", growing);
    appendFileSync(`${growing}/text`, "more\n");
    await place.restic.run("backup", growing);

    const theirs = await place.restic.json<ResticSnapshot[]>("snapshots");
    const listed = await mover(place, ["snapshots", "--json"]);
    const ours = JSON.parse(listed.stdout) as ResticSnapshot[];
    const pick = ({ id, short_id, time, paths }: ResticSnapshot) => ({ id, short_id, time, paths });
    expect(ours.map(pick)).toEqual(theirs.map(pick));
    expect((await mover(place, ["check", "--read-data"])).stdout).toContain("No problems were found");

    const target = newFolder("restored");
    await mover(place, ["restore", "--target", target, "--verify"]);
    expect(folderState(target)).toEqual(folderState(growing));

    writeFileSync(`${growing}/new`, randomBytes(100_000));
    const continued = await mover(place, ["backup", "--source", growing, "--json"]);
    expect(continued.result<{ targets: unknown[] }>().targets[0]).toMatchObject({
      type: "Incremental",
      parent: theirs.at(-1)?.id,
    });
    await mover(place, ["forget", "--keep-last", "1", "--prune"]);
    expect(await place.restic.json<ResticSnapshot[]>("snapshots")).toHaveLength(1);
    await place.restic.check();
    const after = newFolder("restored");
    await place.restic.run("restore", "latest", "--target", after);
    expect(folderState(`${after}${growing}`)).toEqual(folderState(growing));
  });

  it("that restic forgets and prunes in, we go on using", async () => {
    const place = newPlace();
    const changing = newFolder("changing");
    mkdirSync(changing);
    for (let run = 0; run < 3; run++) {
      writeFileSync(`${changing}/kept`, "the same in all");
      writeFileSync(`${changing}/changed`, randomBytes(3_000_000));
      await mover(place, ["backup", "--source", changing]);
    }
    await place.restic.run("forget", "--keep-last", "1", "--prune");
    expect((await mover(place, ["check", "--read-data"])).stdout).toContain("No problems were found");
    writeFileSync(`${changing}/changed`, "smaller");
    const next = await mover(place, ["backup", "--source", changing, "--json"]);
    expect(next.result<{ targets: unknown[] }>().targets[0]).toMatchObject({ state: "Good", type: "Incremental" });
    await place.restic.check();
  });

  it("that we prune keeps nothing that no snapshot needs", async () => {
    const place = newPlace();
    const changing = newFolder("changing");
    mkdirSync(changing);
    for (let run = 0; run < 4; run++) {
      rmSync(`${changing}/data`, { force: true });
      writeFileSync(`${changing}/data`, randomBytes(5_000_000));
      writeFileSync(`${changing}/small-${run}`, `file of run ${run}`);
      await mover(place, ["backup", "--source", changing]);
    }
    const before = storedBytes(folderOf(place));
    await mover(place, ["forget", "--keep-last", "1", "--keep-hourly", "1", "--prune"]);
    await place.restic.check();
    const after = storedBytes(folderOf(place));
    expect(before).toBeGreaterThan(20_000_000);
    expect(after).toBeLessThan(6_000_000);
    const target = newFolder("restored");
    await mover(place, ["restore", "--target", target, "--verify"]);
    expect(folderState(target)).toEqual(folderState(changing));
  });
}

/** Runs our mover on the place and expects the exit code. */
async function mover(place: RepositoryPlace, words: readonly string[], code = 0) {
  const [command = "", ...rest] = words;
  const { environment, password, url } = place;
  const ran = await holdfast(["mover", command, "--repository", url, ...rest], { environment, password });
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(code);
  return ran;
}

/** What is stored for real, in bytes. */
const storedBytes = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(`${entry.parentPath}/${entry.name}`).size, 0);
