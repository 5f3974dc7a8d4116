import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { mover } from "../support/mover.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { reportSection } from "../support/report.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { storedFiles } from "../support/stored-files.ts";

// Format 1 has no compression; restic makes it only when it is told to. We read it and never write it.

const versions = await resticVersions();
const report = reportSection({
  name: "format-1",
  title: "Repositories of format 1",
  text: `
Made by the system's restic (0.14 on Debian 12) and by the newest, with two snapshots of a folder that holds everything odd: hard and
symbolic links, fifos, devices, holes, modes, owners, names that are no text, times before 1970 and after 2038. Nothing of such a repository
may change but locks, which are gone afterwards: every object was compared by its hash. Of what restic itself published in this format
see [there](#repositories-that-restic-publishes).`,
  columns: ["what was done with Holdfast", "system's restic", "newest restic"],
});
/** Each restic has its column, and all rows are the same. */
const reportRow = (what: string, outcome: string) => report.row(what, ...versions.map(() => outcome));

let scratch: Scratch;
let source: string;

beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeOddFolder(source);
});
afterAll(() => scratch.remove());

interface Listed {
  readonly id: string;
}

const changing = [
  ["backup", "--source", "/etc"],
  ["forget", "--keep-last", "1"],
  ["forget", "--keep-last", "1", "--prune"],
  ["key", "add"],
  ["key", "rotate"],
  ["repair", "index"],
];

describe.each(versions)("A repository of format 1 by restic $version", ({ binary, version }) => {
  let place: RepositoryPlace;
  let stored: Record<string, string>;
  const folder = () => place.url.slice("file://".length);

  beforeAll(async () => {
    place = filePlace(scratch, binary);
    await place.restic.run("init", "--repository-version", "1");
    await place.restic.run("backup", source);
    appendFileSync(join(source, "text"), "more\n");
    await place.restic.run("backup", source);
    stored = storedFiles(folder());
  });

  it("is listed, checked, restored and verified, and stays as it was", async () => {
    const listed = JSON.parse((await mover(place, ["snapshots", "--json"])).stdout) as Listed[];
    const theirs = await place.restic.json<Listed[]>("snapshots");
    expect(listed.map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
    expect((await mover(place, ["check", "--read-data"])).stdout).toContain("No problems were found");
    const target = scratch.path(`restored-${version}`);
    await mover(place, ["restore", "--target", target, "--verify"]);
    expect(folderState(target)).toEqual(folderState(source));
    await mover(place, ["verify", "--target", target]);
    await mover(place, ["key", "list"]);
    await mover(place, ["forget", "--keep-last", "1", "--dry-run"]);
    expect(storedFiles(folder())).toEqual(stored);
    reportRow("snapshots", "the same as restic's");
    reportRow("check --read-data", "no problems");
    reportRow("restore --verify", "the same, in every attribute");
    reportRow("key list, forget --dry-run", "answered; nothing changed");
  });

  it("is not changed by anything that would, which says why", async () => {
    const environment = { HOLDFAST_NEW_PASSWORD: "another" };
    for (const words of changing) {
      const ran = await mover(place, [...words, "--json"], { code: 1, environment });
      const { reason, message } = ran.result<{ reason: string; message: string }>();
      expect({ reason, message }, words.join(" ")).toEqual({
        reason: "FormatReadOnly",
        message: expect.stringMatching(/format 1.*upgrade_repo_v2/),
      });
      expect(storedFiles(folder()), words.join(" ")).toEqual(stored);
      const shown = words.filter((word) => word !== "--source" && word !== "/etc");
      reportRow(shown.join(" "), "refused as FormatReadOnly; nothing changed");
    }
  });

  it("is taken like any other once restic has upgraded it", async () => {
    await place.restic.run("migrate", "upgrade_repo_v2");
    await mover(place, ["backup", "--source", source]);
    await mover(place, ["forget", "--keep-last", "1", "--prune"]);
    await place.restic.check();
    const target = scratch.path(`upgraded-${version}`);
    await place.restic.run("restore", "latest", "--target", target);
    expect(folderState(join(target, source))).toEqual(folderState(source));
    reportRow(
      "backup, forget --prune after restic's `migrate upgrade_repo_v2`",
      "restic finds the newest snapshot whole",
    );
  });
});
