import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { mover } from "../support/mover.ts";
import { reportSection } from "../support/report.ts";
import { filePlace } from "../support/repository-place.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { storedFiles } from "../support/stored-files.ts";

// Repositories that restic made, with what Holdfast itself would not have written in them: we list, check and restore them, back up
// into them, and forget and prune there without touching what is not ours to change.

const versions = await resticVersions();
const [, newest] = versions;
/** Packs of 128 MiB take their time. */
const isLong = process.env.HOLDFAST_TEST_LONG === "1";
const report = reportSection({
  name: "odd-snapshots",
  title: "What only restic writes",
  text: "Made by the system's restic (0.14 on Debian 12) and by the newest; read, continued and pruned by Holdfast; judged by restic.",
  columns: ["made by restic", "Holdfast"],
});

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch.remove());

interface Snapshot {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags?: readonly string[];
  readonly summary?: unknown;
}

describe.each(versions)("Restic $version", (version) => {
  const { binary } = version;
  let source: string;
  beforeAll(() => {
    source = scratch.path(`source-${version.version}`);
    for (const folder of ["a", "b/c"]) mkdirSync(join(source, folder), { recursive: true });
    writeFileSync(join(source, "a/one"), "first");
    writeFileSync(join(source, "b/c/two"), randomBytes(100_000));
    symlinkSync("one", join(source, "a/link"));
    symlinkSync(Buffer.from("to \xff", "latin1"), join(source, "a/bytes"));
  });

  it("of several paths, hosts and odd tags", async () => {
    const place = filePlace(scratch, binary);
    const [a, b] = [join(source, "a"), join(source, "b")];
    const odd = [
      "--host",
      'h "ö" <&>\u2028',
      "--tag",
      'a b,ü "q" <&>',
      "--tag",
      "c=d,☃",
      "--time",
      "2001-02-03 04:05:06",
    ];
    await place.restic.run("init");
    await place.restic.run("backup", ...odd, a, b);
    await place.restic.run("backup", "--host", "other", "--with-atime", a);
    await place.restic.run("backup", "--host", "other", "--exclude", "one", a);

    const theirs = await place.restic.json<Snapshot[]>("snapshots");
    const ours = JSON.parse((await mover(place, ["snapshots", "--json"])).stdout) as Snapshot[];
    const pick = ({ id, time, hostname, paths, tags = [] }: Snapshot) => ({ id, time, hostname, paths, tags });
    expect(ours.map(pick)).toEqual(theirs.map(pick));
    expect(ours[0]?.tags).toEqual(["a b", 'ü "q" <&>', "c=d", "☃"]);
    if (version !== newest) expect(theirs[0]).not.toHaveProperty("summary");
    expect((await mover(place, ["check", "--read-data"])).stdout).toContain("No problems were found");

    for (const { id, paths } of theirs) {
      const [own, foreign] = [scratch.path("own"), scratch.path("foreign")];
      await mover(place, ["restore", "--snapshot", id, "--target", own, "--verify"]);
      await place.restic.run("restore", id, "--target", foreign);
      expect(folderState(own)).toEqual(folderState(paths.length > 1 ? foreign : join(foreign, paths[0] ?? "")));
      for (const folder of [own, foreign]) rmSync(folder, { recursive: true });
    }

    const folder = place.url.slice("file://".length);
    const before = storedFiles(join(folder, "snapshots"));
    await mover(place, ["backup", "--source", a, "--tag", "ours"]);
    await mover(place, ["forget", "--keep-last", "1", "--prune"]);
    const after = await place.restic.json<Snapshot[]>("snapshots");
    expect(after.map(({ hostname, paths }) => [hostname, ...paths])).toEqual([
      [theirs[0]?.hostname, a, b],
      ["other", a],
      [expect.any(String), a],
    ]);
    expect(storedFiles(join(folder, "snapshots"))).toMatchObject({
      [theirs[0]?.id ?? ""]: before[theirs[0]?.id ?? ""],
      [theirs[2]?.id ?? ""]: before[theirs[2]?.id ?? ""],
    });
    await place.restic.check();
    report.row(
      "several paths, hosts and tags with quotes, spaces, `<&>` and U+2028, a time of its own, `--with-atime`, no summary, link targets that are not UTF-8",
      "lists and restores the same; groups them by host and paths in `forget`; leaves the kept ones as they are",
    );
  });

  it.each([
    { name: "uncompressed, packs of 4 MiB", flags: ["--compression", "off", "--pack-size", "4"], bytes: 14_000_000 },
    { name: "compressed to the utmost", flags: ["--compression", "max"], bytes: 3_000_000 },
    {
      name: "packs of 32 MiB (128 MiB in the long tests)",
      flags: ["--compression", "off", "--pack-size", isLong ? "128" : "32"],
      bytes: isLong ? 300_000_000 : 40_000_000,
    },
  ])("$name", async ({ name, flags, bytes }) => {
    const place = filePlace(scratch, binary);
    const folder = scratch.path(`sized-${version.version}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "random"), randomBytes(bytes));
    writeFileSync(join(folder, "text"), "all work and no play ".repeat(100_000));
    await place.restic.run("init", "--repository-version", "2");
    await place.restic.run("backup", ...flags, folder);
    expect((await mover(place, ["check", "--read-data"])).stdout).toContain("No problems were found");
    const target = scratch.path(`sized-${version.version}-restored`);
    await mover(place, ["restore", "--target", target, "--verify"]);
    expect(readFileSync(join(target, "random")).equals(readFileSync(join(folder, "random")))).toBe(true);
    // Half of what is in the packs is in use no more: we write what is left anew.
    rmSync(join(folder, "random"));
    writeFileSync(join(folder, "new"), "new");
    await mover(place, ["backup", "--source", folder]);
    await mover(place, ["forget", "--keep-last", "1", "--prune"]);
    await place.restic.check();
    expect(await place.restic.run("dump", "latest", join(folder, "text"))).toContain("all work and no play");
    for (const each of [folder, target]) rmSync(each, { recursive: true });
    report.row(name, "checks, restores, continues and prunes it");
  });

  // An index file holds 50,000 blobs: from there on there are several.
  if (isLong)
    it("more blobs than one index file holds", { timeout: 900_000 }, async () => {
      const place = filePlace(scratch, binary);
      const folder = scratch.path(`many-${version.version}`);
      for (let part = 0; part < 60; part++) {
        mkdirSync(join(folder, String(part)), { recursive: true });
        for (let file = 0; file < 1000; file++) writeFileSync(join(folder, `${part}/${file}`), `${part} ${file}`);
      }
      await place.restic.run("init");
      await place.restic.run("backup", folder);
      await mover(place, ["check", "--read-data"]);
      for (let part = 0; part < 30; part++) rmSync(join(folder, String(part)), { recursive: true });
      await mover(place, ["backup", "--source", folder]);
      await mover(place, ["forget", "--keep-last", "1", "--prune"]);
      await place.restic.check();
      const target = scratch.path(`many-${version.version}-restored`);
      await mover(place, ["restore", "--target", target, "--verify"]);
      for (const each of [folder, target]) rmSync(each, { recursive: true });
    });
});
