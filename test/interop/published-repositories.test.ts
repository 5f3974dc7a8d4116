import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { mover } from "../support/mover.ts";
import { reportSection } from "../support/report.ts";
import { type Restic, resticFor } from "../support/restic.ts";
import { publishedRepositories, resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { storedFiles } from "../support/stored-files.ts";

// The repositories that restic publishes for its own tests, written between 2015 and 2021 and some of them damaged on purpose.
// All are of format 1. Restic says what is right: which snapshots there are, whether they are whole, and what is in them.

const [old, newest] = await resticVersions();
const archives = publishedRepositories();
const password = "geheim";
/** All snapshots of each instead of the newest. */
const isLong = process.env.HOLDFAST_TEST_LONG === "1";

interface Published {
  readonly name: string;
  /** What it was made to show. */
  readonly shows: string;
  readonly verdict: "whole" | "damaged";
  /** The newest restic does not read its index any more. */
  readonly judge?: typeof old;
}

const published: readonly Published[] = [
  { name: "checker-test-repo", shows: "packs that mix trees and data, of restic's first year", verdict: "whole" },
  { name: "test-repo", shows: "the same, for restic's repository layer", verdict: "whole" },
  { name: "old-index-repo", shows: "index files that are bare lists (before 0.2)", verdict: "whole", judge: old },
  { name: "duplicate-packs-in-index-test-repo", shows: "packs in several index files, no snapshot", verdict: "whole" },
  { name: "repo-duplicates", shows: "blobs that are in several packs", verdict: "whole" },
  { name: "repo-mixed", shows: "one pack with trees and data", verdict: "whole" },
  { name: "repo-obsolete-index", shows: "an index that another one supersedes", verdict: "whole" },
  { name: "repo-unreferenced-data", shows: "a pack that is in no index", verdict: "whole" },
  { name: "repo-same-timestamps", shows: "snapshots that differ by fractions of a second", verdict: "whole" },
  { name: "repo-restore-permissions-test", shows: "files that nobody may read or write", verdict: "whole" },
  { name: "repo-layout-default", shows: "the folder layout", verdict: "whole" },
  { name: "small-repo", shows: "snapshots of the summer of 2015", verdict: "whole" },
  { name: "copy-unstable-json", shows: "a tree whose JSON is not as restic writes it today", verdict: "whole" },
  { name: "repo-data-missing", shows: "a pack of data that is gone", verdict: "damaged" },
  {
    name: "repo-index-missing",
    shows: "an index file that is gone, and with it a snapshot's trees",
    verdict: "damaged",
  },
  { name: "repo-index-missing-blob", shows: "an index that misses a blob", verdict: "damaged" },
  { name: "repo-unused-data-missing", shows: "a damaged pack that no snapshot needs", verdict: "damaged" },
];

const report = reportSection({
  name: "published-repositories",
  title: "Repositories that restic publishes",
  text: `
Restic's own tests come with repositories from 2015 to 2021, all of format 1. Each was listed, checked with all its data, and restored by
restic and by Holdfast; nothing in it was changed. The newest restic judges, and the system's where the newest does not read it any more.`,
  columns: ["repository", "what it shows", "lists of snapshots", "check, by both", "restores"],
});

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch.remove());

/** Until 2017 restic put the folder that was backed up at the top, since then its absolute path. It may be a single file. */
function sourceIn(restored: string, path: string): string {
  const found = existsSync(join(restored, path)) ? join(restored, path) : join(restored, basename(path));
  return statSync(found).isDirectory() ? found : dirname(found);
}

interface Listed {
  readonly id: string;
  readonly time: string;
  readonly paths: readonly string[];
  readonly hostname?: string;
}

it("Every repository that restic publishes is in the list", () => {
  const others = ["backup-data", "test.hl"]; // files to be backed up
  expect([...archives.keys()].sort()).toEqual([...published.map(({ name }) => name), ...others].sort());
});

describe.each(published)("Restic's own $name ($shows)", ({ name, shows, verdict, judge = newest }) => {
  let folder: string;
  let restic: Restic;
  let snapshots: readonly Listed[];
  const place = () => ({ url: `file://${folder}`, password, environment: {} });

  beforeAll(async () => {
    const unpacked = scratch.path(name);
    mkdirSync(unpacked);
    execFileSync("tar", ["-xzf", archives.get(name) ?? "", "-C", unpacked]);
    execFileSync("chmod", ["-R", "u+w", unpacked]);
    folder = join(unpacked, "repo");
    restic = resticFor(folder, password, {}, judge.binary);
    snapshots = (await restic.json<Listed[] | null>("snapshots", "--no-lock")) ?? [];
  });

  it(`is listed alike, and found ${verdict} by both`, async () => {
    const stored = storedFiles(folder);
    const listed = JSON.parse((await mover(place(), ["snapshots", "--json"])).stdout) as Listed[];
    const pick = ({ id, time, paths, hostname }: Listed) => ({ id, time, paths, hostname });
    expect(listed.map(pick)).toEqual(snapshots.map(pick));
    const isWhole = verdict === "whole";
    const theirs = await restic.attempt("check", "--read-data", "--no-lock");
    expect(theirs.code === 0, theirs.stdout + theirs.stderr).toBe(isWhole);
    const { stdout } = await mover(place(), ["check", "--read-data"], { code: isWhole ? 0 : 1 });
    if (isWhole) expect(stdout).toContain("No problems were found");
    expect(storedFiles(folder)).toEqual(stored);
  });

  it("is restored alike, or refused by both", async () => {
    let refused = false;
    for (const { id, paths } of isLong || verdict === "damaged" ? snapshots : snapshots.slice(-1)) {
      const [theirs, ours] = [scratch.path(`${name}-${id}-restic`), scratch.path(`${name}-${id}-ours`)];
      const { code } = await restic.attempt("restore", id, "--target", theirs, "--no-lock");
      const words = ["restore", "--snapshot", id, "--target", ours, "--verify"];
      if (code === 0) {
        await mover(place(), words);
        expect(folderState(ours)).toEqual(folderState(sourceIn(theirs, paths[0] ?? "")));
        continue;
      }
      // A tree that is gone leaves nothing to restore; a file that is gone is left out, and named.
      const tree = name === "repo-index-missing";
      const said = await mover(place(), words, { code: tree ? 1 : 3 });
      expect(said.stderr + said.stdout).toMatch(tree ? /tree blob/ : /\/test cannot be restored/);
      expect(existsSync(join(ours, "test"))).toBe(false);
      refused = true;
    }
    const none = snapshots.length === 0 ? "nothing to restore" : "the same";
    report.row(name, shows, "the same", verdict, refused ? "what is lost is named by both" : none);
  });
});
