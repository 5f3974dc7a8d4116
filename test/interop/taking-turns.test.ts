import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { holdfast } from "../support/holdfast.ts";
import { mover } from "../support/mover.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { reportSection } from "../support/report.ts";
import { filePlace, type RepositoryPlace, s3Place } from "../support/repository-place.ts";
import { resticFor } from "../support/restic.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { type S3Server, startS3Server } from "../support/versitygw.ts";

// A repository that Holdfast began and restic works in, command by command. After each, Holdfast goes on in it: it finds nothing
// wrong, takes restic's snapshots for parents, and both restore the same. The newest restic works on S3, the system's in a folder.

const [old, newest] = await resticVersions();
const host = "the host";

const report = reportSection({
  name: "taking-turns",
  title: "Taking turns in one repository",
  text: `
Holdfast backed a folder up; restic then did what the row says, in the same repository; then Holdfast checked all its data, backed up
once more and restored, and restic checked and restored, too. With the system's restic (0.14 on Debian 12) in a folder, with the newest on S3.`,
  columns: ["restic", "Holdfast afterwards"],
});

let scratch: Scratch;
let server: S3Server;
beforeAll(async () => {
  scratch = makeScratch();
  server = await startS3Server();
});
afterAll(async () => {
  await server?.remove();
  scratch?.remove();
});

interface Snapshot {
  readonly id: string;
  readonly parent?: string;
  readonly original?: string;
  readonly tags?: readonly string[];
  readonly paths: readonly string[];
}

interface BackedUp {
  readonly files: number;
  readonly bytes: number;
  readonly bytesRead: number;
  readonly targets: readonly { readonly parent?: string; readonly snapshot: string; readonly bytesAdded: number }[];
}

describe.each([
  { version: old, where: "a folder", newPlace: () => filePlace(scratch, old.binary) },
  { version: newest, where: "S3", newPlace: () => s3Place(server, newest.binary) },
])("Restic $version.version in a repository of ours in $where", ({ version, newPlace }) => {
  let place: RepositoryPlace;
  let source: string;
  let restores = 0;
  const isNewest = version === newest;

  beforeAll(async () => {
    place = newPlace();
    source = scratch.path(`source-${version.version}`);
    mkdirSync(source);
    makeOddFolder(source);
    await ours();
  });

  /** Our backup, under a name of its own, so that both programs see one host whatever this machine is called. */
  async function ours(): Promise<BackedUp> {
    const config = scratch.path(`config-${version.version}.json`);
    const targets = [{ name: "t", repository: { url: place.url }, expect: "Any" }];
    writeFileSync(
      config,
      JSON.stringify({ source, hostname: host, tags: ["ours"], targets, lock: { holder: "test" } }),
    );
    const ran = await holdfast(["mover", "backup", "--config", config, "--json"], place);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    return ran.result<BackedUp>();
  }

  const theirs = (...words: string[]) => place.restic.run("backup", "--host", host, ...words, source);
  const snapshots = () => place.restic.json<Snapshot[]>("snapshots");
  const newestSnapshot = async () => (await snapshots()).at(-1) as Snapshot;

  /** Both find the repository whole. */
  async function expectWhole(): Promise<void> {
    expect((await mover(place, ["check", "--read-data"])).stdout).toContain("No problems were found");
    await place.restic.check();
  }

  /** And both restore what is in the folder now. */
  async function expectRestored(): Promise<void> {
    await expectWhole();
    const [own, foreign] = [scratch.path(`ours-${restores++}`), scratch.path(`theirs-${restores}`)].map(
      (name) => `${name}-${version.version}`,
    ) as [string, string];
    await mover(place, ["restore", "--target", own, "--verify"]);
    await place.restic.run("restore", "latest", "--target", foreign);
    const expected = folderState(source);
    expect(folderState(own)).toEqual(expected);
    expect(folderState(join(foreign, source))).toEqual(expected);
    for (const folder of [own, foreign]) rmSync(folder, { recursive: true });
  }

  it("takes our snapshot for its parent, and we take its", async () => {
    const before = await newestSnapshot();
    writeFileSync(join(source, "by restic"), randomBytes(3_000_000));
    const said = await theirs();
    expect(said).toMatch(/using parent snapshot/);
    const { id, parent } = await newestSnapshot();
    if (isNewest) expect(parent).toBe(before.id);

    writeFileSync(join(source, "by us"), randomBytes(1_000_000));
    const { targets, bytes, bytesRead } = await ours();
    expect(targets[0]?.parent).toBe(id);
    expect(bytes).toBeGreaterThan(10_000_000);
    // The odd folder was made moments ago: what changed in the same instant in which a backup began is read again.
    expect(bytesRead).toBeLessThan(5_000_000);
    await expectWhole();
    report.row(
      "`backup`, with our snapshot as parent",
      "takes restic's for its parent; what did not change is not read again",
    );
  });

  it("cuts a file that it changes in its own way, and we go on", async () => {
    appendFileSync(join(source, "large"), "appended");
    await theirs("--force");
    appendFileSync(join(source, "large"), "appended again");
    await ours();
    await expectRestored();
    report.row("`backup --force` of everything, cut by its own rules", "the same");
  });

  it("tags, rewrites and forgets", async () => {
    const before = await snapshots();
    await place.restic.run("tag", "--add", "kept,by=both", "latest");
    expect(await newestSnapshot()).toMatchObject({
      tags: [...(before.at(-1)?.tags ?? []), "kept", "by=both"],
      original: before.at(-1)?.id,
    });
    const { targets } = await ours();
    expect(before.map(({ id }) => id)).not.toContain(targets[0]?.parent);
    if (isNewest) {
      await place.restic.run("rewrite", "--exclude", "by restic", "--forget", "latest");
      const rewritten = await newestSnapshot();
      const { targets: next } = await ours();
      expect(next[0]?.parent).toBe(rewritten.id);
      report.row("`rewrite --exclude --forget`", "takes the rewritten one for its parent; the newest restic only");
    }
    await place.restic.run("forget", "--keep-last", "2", "--group-by", "host");
    await ours();
    await expectWhole();
    report.row("`tag`, `forget`", "takes the tagged one for its parent");
  });

  it("prunes and repairs", async () => {
    await place.restic.run("prune", "--max-unused", "0");
    await ours();
    await expectRestored();
    report.row("`prune --max-unused 0`", "the same");
    const [index, snapshot] = isNewest
      ? [
          ["repair", "index"],
          ["repair", "snapshots"],
        ]
      : [["rebuild-index"], []];
    await place.restic.run(...(index ?? []));
    if (snapshot?.length) await place.restic.run(...snapshot);
    await ours();
    await expectWhole();
    report.row("`repair index` (`rebuild-index`), `repair snapshots`", "the same");
  });

  it("changes passwords", async () => {
    const file = scratch.path(`password-${version.version}`);
    writeFileSync(file, "another password");
    await place.restic.run("key", "passwd", "--new-password-file", file);
    await mover(place, ["snapshots"], { code: 12 });
    await mover(place, ["check"], { password: "another password" });
    // And back, by us.
    const environment = { HOLDFAST_NEW_PASSWORD: place.password };
    await mover(place, ["key", "rotate"], { password: "another password", environment });
    await ours();
    report.row("`key passwd`", "wants the new one (else 12), rotates it back");
  });

  it("copies to a repository of its own and back, and we read and continue in the copy", async () => {
    const copy = filePlace(scratch, version.binary);
    const folder = copy.url.slice("file://".length);
    const from = isNewest ? ["--from-repo", addressOf(place)] : ["--repo2", folder];
    const environment = { ...forRestic(), RESTIC_FROM_PASSWORD: place.password, RESTIC_PASSWORD2: place.password };
    if (isNewest) {
      const to = resticFor(folder, place.password, environment, version.binary);
      await to.run("init", ...from, "--copy-chunker-params");
      await to.run("copy", ...from, "latest");
    } else {
      await copy.restic.run("init");
      await resticFor(addressOf(place), place.password, environment, version.binary).run("copy", ...from, "latest");
    }
    expect((await mover(copy, ["check", "--read-data"])).stdout).toContain("No problems were found");
    const target = scratch.path(`copied-${version.version}`);
    await mover(copy, ["restore", "--target", target, "--verify"]);
    expect(folderState(target)).toEqual(folderState(source));
    await mover(copy, ["backup", "--source", source]);
    await copy.restic.check();
    report.row("`copy` into a repository of its own", "reads the copy and backs up into it");
  });

  /** As restic calls the place. */
  const addressOf = ({ url }: RepositoryPlace): string =>
    url.startsWith("file://") ? url.slice("file://".length) : `s3:${server.endpoint}/${url.slice("s3://".length)}`;
  const forRestic = () => ({ ...place.environment, AWS_DEFAULT_REGION: server.region });

  it("finds that we forgot and pruned what it made", async () => {
    await mover(place, ["forget", "--keep-last", "1", "--prune"]);
    expect(await snapshots()).toHaveLength(1);
    await theirs();
    await expectRestored();
    report.row("`backup` after our `forget --prune`", "the same");
  });
});
