import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { mover } from "../support/mover.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { reportSection } from "../support/report.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { resticFor } from "../support/restic.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Restic shows our snapshots without restoring them: as a mounted file system, by `dump` and by `ls`.

const versions = await resticVersions();
const canMount = hasFuse();
const report = reportSection({
  name: "mount",
  title: "Looking into our snapshots with restic",
  text: `
One folder was backed up by Holdfast and by restic. Of the mounted snapshots every entry was compared with the other's: type and mode,
owner, time, size, content, link target (restic shows neither hard links nor the numbers of devices there, whoever made the snapshot).
Where this machine has no FUSE (\`/dev/fuse\` and \`fusermount\`), the row says so.`,
  columns: ["restic", "outcome"],
});

/** Root may mount by itself where the kernel has FUSE; restic's library calls fusermount all the same. */
function hasFuse(): boolean {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
    execFileSync("sh", ["-c", "command -v fusermount || command -v fusermount3"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let scratch: Scratch;
let source: string;
let place: RepositoryPlace;
/** Short ids of two snapshots of the same folder. */
let ours: string;
let theirs: string;

beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeOddFolder(source);
  place = filePlace(scratch);
  await mover(place, ["backup", "--source", source]);
  ours = await newestIn(place);
  await place.restic.run("backup", "--force", source);
  theirs = await newestIn(place);
});
afterAll(() => scratch.remove());

const newestIn = async ({ restic }: RepositoryPlace): Promise<string> =>
  (await restic.json<{ short_id: string }[]>("snapshots")).at(-1)?.short_id ?? "";

const folderOf = ({ url }: RepositoryPlace) => url.slice("file://".length);

describe.each(versions)("Restic $version", ({ version, binary }) => {
  it(canMount ? "mounts our snapshots" : "cannot mount here: this machine has no FUSE", async () => {
    if (!canMount) {
      report.row("`mount`", "not asked: this machine has no FUSE");
      return;
    }
    const point = scratch.path(`mounted-${version}`);
    mkdirSync(point);
    const env = { ...process.env, RESTIC_PASSWORD: place.password };
    const restic = spawn(binary, ["-r", folderOf(place), "--no-cache", "mount", point], { env, stdio: "ignore" });
    try {
      const folder = (id: string) => join(point, "ids", id, source);
      while (!existsSync(folder(theirs)) && restic.exitCode === null) await sleep(100);
      const seen = folderState(folder(ours), { attributes: false });
      expect(seen).toEqual(folderState(folder(theirs), { attributes: false }));
      expect(Object.keys(seen).sort()).toEqual(Object.keys(folderState(source)).sort());
      expect(readFileSync(join(folder(ours), "large"))).toEqual(readFileSync(join(source, "large")));
    } finally {
      restic.kill("SIGINT");
      if (restic.exitCode === null) await once(restic, "exit");
    }
    expect(readdirSync(point)).toEqual([]);
    report.row("`mount`", "the same, with the system's restic and the newest");
  });

  it("dumps and lists our files", async () => {
    const restic = resticFor(folderOf(place), place.password, {}, binary);
    const { stdout } = await restic.attempt("dump", ours, join(source, "text"));
    expect(stdout).toBe(readFileSync(join(source, "text"), "utf8"));
    const listed = await restic.run("ls", ours);
    for (const name of ["empty folder", "deep/er/and/deeper/file", "fifo"]) {
      expect(listed).toContain(join(source, name));
    }
    const found = await restic.run("find", "--snapshot", ours, "sparse");
    expect(found).toContain(join(source, "sparse"));
    report.row("`dump`, `ls`, `find`", "the same, with the system's restic and the newest");
  });
});
