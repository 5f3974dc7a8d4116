import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdfast } from "../support/holdfast.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// What snapshots hold, how they differ, and how much they are: with plain restic as the judge, where both mean the same.

let scratch: Scratch;
let source: string;
let place: RepositoryPlace;
let ids: string[];

/** Three snapshots; the last is as the second, but for a time. */
beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeOddFolder(source);
  const at = (name: string) => join(source, name);
  writeFileSync(at("packed"), "much of the same\n".repeat(100_000));
  place = filePlace(scratch);
  await backup();
  appendFileSync(at("text"), "more");
  writeFileSync(at("new file"), randomBytes(300_000));
  linkSync(at("new file"), at("new file's other name"));
  mkdirSync(at("new folder/with/others"), { recursive: true });
  rmSync(at("large"));
  rmSync(at("deep/er"), { recursive: true });
  rmSync(at("fifo"));
  mkdirSync(at("fifo"));
  chmodSync(at("sparse"), 0o600);
  await backup();
  writeFileSync(at("empty"), "");
  await backup();
  const snapshots = await place.restic.json<{ id: string; time: string }[]>("snapshots");
  ids = snapshots.sort((a, b) => a.time.localeCompare(b.time)).map(({ id }) => id);
});
afterAll(() => scratch?.remove());

const backup = () => mover("backup", "--source", source);

async function mover(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await holdfast(["mover", ...words, "--repository", place.url]);
  expect(code, `${words.join(" ")}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

const short = (number: number): string => ids.at(number)?.slice(0, 8) ?? "";

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

describe("diff", () => {
  it.each([
    [0, 1],
    [1, 2],
  ])("of snapshots %i and %i is restic's, change by change and sum by sum", async (before, after) => {
    for (const flags of [[], ["--metadata"]]) {
      const ours = lines(await mover("diff", short(before), short(after), "--json", ...flags));
      const theirs = lines(await place.restic.run("diff", short(before), short(after), "--json", ...flags));
      expect(ours.length).toBe(theirs.length);
      for (const [at, line] of theirs.entries()) expect(ours[at]).toMatchObject(line);
    }
  });

  it("says for people what it says for programs", async () => {
    const text = await mover("diff", short(0), short(1));
    expect(text).toContain(`M    ${source}/text\n`);
    expect(text).toContain(`+    ${source}/new folder/with/others/\n`);
    expect(text).toMatch(/Files: +2 new, +2 removed, +2 changed/);
  });
});

interface Matches {
  readonly snapshot: string;
  readonly hits: number;
  readonly matches: readonly { readonly path: string }[];
}

describe("find", () => {
  it.each(["te*t", "not*utf8", "no such name"])("finds what restic finds: %s", async (pattern) => {
    const order = (found: readonly Matches[]) => [...found].sort((a, b) => a.snapshot.localeCompare(b.snapshot));
    const ours = order(JSON.parse(await mover("find", "--json", pattern)));
    const theirs = order(await place.restic.json<Matches[]>("find", pattern));
    expect(ours.map(({ snapshot, hits }) => [snapshot, hits])).toEqual(
      theirs.map(({ snapshot, hits }) => [snapshot, hits]),
    );
    for (const [at, { matches }] of theirs.entries()) {
      expect(ours[at]?.matches.map(({ path }) => path)).toEqual(matches.map(({ path }) => path));
      for (const [entry, { mtime, uid, gid, type, permissions }] of (
        matches as readonly Record<string, unknown>[]
      ).entries())
        expect(ours[at]?.matches[entry]).toMatchObject({ mtime, uid, gid, type, permissions });
    }
  });

  it("tells in one line of each version which snapshots have it", async () => {
    const found = (await mover("find", "text", "large", "null")).trimEnd().split("\n");
    const all = [
      [new RegExp(`^${short(0)}  -.* ${source}/large$`)],
      [new RegExp(`^${short(0)}  u.* 30000 .* ${source}/text$`)],
      [new RegExp(`^${short(1)}\\.\\.${short(2)} \\(2 snapshots\\)  u.* 30004 .* ${source}/text$`)],
    ];
    expect(found.length).toBe(all.length);
    for (const [at, [expected]] of all.entries()) expect(found[at]).toMatch(expected ?? /never/);
  });

  it.each([
    [["--type", "d", "*"], "empty folder", "text"],
    [["--larger", "1M", "*"], "packed", "text"],
    [["--older", "2002-01-01", "*"], "sparse", "text"],
    [["deep/*glob*"], "deep/*?[glob]", "deep"],
  ])("narrows by %j", async (words, there, not) => {
    const found = await mover("find", ...words);
    expect(found).toContain(` ${source}/${there}\n`);
    expect(found).not.toContain(` ${source}/${not}\n`);
  });

  it("looks into the snapshots that are named", async () => {
    expect(await mover("find", "large", "--snapshot", "latest")).toBe("");
    expect(await mover("find", "large", "--snapshot", short(0), "--snapshot", "latest")).toContain(short(0));
  });
});

describe("stats", () => {
  it.each([[[]], [["latest"]], [["0", "1"]]])("are restic's for %j", async (words) => {
    const names = words.map((word) => (word === "latest" ? word : short(Number(word))));
    const ours = JSON.parse(await mover("stats", "--json", ...names));
    expect(ours).toMatchObject(await place.restic.json<object>("stats", ...names));
    const {
      total_file_count: _,
      snapshots_count: __,
      ...raw
    } = await place.restic.json<Record<string, unknown>>("stats", "--mode", "raw-data", ...names);
    expect(ours.raw_data).toMatchObject(raw);
  });

  it("tells what each snapshot has for itself: what forgetting it frees", async () => {
    const { raw_data, snapshots } = JSON.parse(await mover("stats", "--json"));
    const own = snapshots.reduce((sum: number, { unique_size }: { unique_size: number }) => sum + unique_size, 0);
    expect(own + raw_data.shared_size).toBe(raw_data.total_size);
    const without = JSON.parse(await mover("stats", "--json", short(1), short(2)));
    expect(raw_data.total_size - without.raw_data.total_size).toBe(snapshots[0].unique_size);
    expect(without.raw_data.unused_size).toBe(snapshots[0].unique_size);
    const [full, second, third] = snapshots;
    expect([full.type, second.type, third.type]).toEqual(["Full", "Incremental", "Incremental"]);
    const written = full.written_size + second.written_size + third.written_size;
    expect(written + raw_data.unowned_size).toBe(raw_data.total_size);
    expect(full.written_size).toBeGreaterThan(9_000_000);
    expect(await mover("stats")).toMatch(/3 snapshots: restored .* in \d+ entries\nin the store: .* saves \d+\.\d %/);
  });
});
