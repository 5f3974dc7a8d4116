import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { holdfast } from "../support/holdfast.ts";
import { filePlace } from "../support/repository-place.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// With the same flags restic and we take the same entries of a folder.

const versions = await resticVersions();
const [, newest] = versions;
let scratch: Scratch;
let source: string;
let folders = 0;

const signature = "Signature: 8a477f597d28d172789f06886806bc55";

beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  const files: Readonly<Record<string, string>> = {
    "a.tmp": "1",
    "deep/er/b.tmp": "1",
    "deep/er/kept": "1",
    "cache/CACHEDIR.TAG": `${signature}\n# a comment\n`,
    "cache/content": "1",
    "cache/below/content": "1",
    "false-cache/CACHEDIR.TAG": "Signature: no",
    "false-cache/content": "1",
    "short-cache/CACHEDIR.TAG": "Sig",
    "short-cache/content": "1",
    "marked/.nobackup": "",
    "marked/content": "1",
    "marked/below/content": "1",
    "both/.nobackup": "",
    "both/CACHEDIR.TAG": signature,
    "both/content": "1",
    "headed/tag": "yes, leave it out",
    "headed/content": "1",
    "unheaded/tag": "no",
    "unheaded/content": "1",
    "sizes/1023": "x".repeat(1023),
    "sizes/1024": "x".repeat(1024),
    "sizes/1025": "x".repeat(1025),
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  mkdirSync(join(source, "as-a-folder/.nobackup"), { recursive: true });
  writeFileSync(join(source, "as-a-folder/content"), "1");
  mkdirSync(join(source, "as-a-link"));
  symlinkSync("nowhere", join(source, "as-a-link/.nobackup"));
  writeFileSync(join(source, "as-a-link/content"), "1");
});
afterAll(() => scratch?.remove());

describe.each(versions)("Restic $version", ({ binary }) => {
  it.each([
    ["globs", ["--exclude", "*.tmp"]],
    ["caches", ["--exclude-caches"]],
    ["a marker", ["--exclude-if-present", ".nobackup"]],
    ["a marker with a beginning", ["--exclude-if-present", "tag:yes"]],
    ["several markers", ["--exclude-caches", "--exclude-if-present", ".nobackup", "--exclude-if-present", "tag"]],
    ["a size", ["--exclude-larger-than", "1K"]],
    ["everything together", ["--exclude", "deep", "--exclude-caches", "--exclude-larger-than", "1024b"]],
  ])("and we take the same: %s", async (_, flags) => {
    const place = filePlace(scratch, binary);
    const { environment, password, url } = place;
    const words = ["mover", "backup", "--source", source, "--repository", url, "--json", ...flags];
    const ran = await holdfast(words, { environment, password });
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(ran.result<{ leftOut: { entries: number } }>().leftOut.entries).toBeGreaterThan(0);
    const ours = await restored(place);
    await place.restic.run("backup", source, ...flags);
    expect(ours).toEqual(await restored(place));
    await place.restic.check();
  });
});

/** The newest snapshot, as restic restores it. */
async function restored({ restic }: ReturnType<typeof filePlace>) {
  const target = scratch.path(`restored-${folders++}`);
  await restic.run("restore", "latest", "--target", target);
  return folderState(`${target}${source}`);
}

it("says what was left out, in words", async () => {
  const { environment, password, url } = filePlace(scratch);
  const words = ["mover", "backup", "--source", source, "--repository", url, "--exclude-larger-than", "1K"];
  const ran = await holdfast(words, { environment, password });
  expect(ran.stdout).toContain("Left out: 1 entry (files of 1.0 KiB)");
  expect(ran.stdout).toContain("--exclude-larger-than 1024: 1 entry");
});

it("takes only what is included, and restic restores just that", async () => {
  const place = filePlace(scratch, newest.binary);
  const { environment, password, url } = place;
  const words = ["mover", "backup", "--source", source, "--repository", url, "--include", "/deep", "--include", "102?"];
  const ran = await holdfast(words, { environment, password });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  const names = (await place.restic.run("ls", "latest")).split("\n").filter((line) => line.startsWith(`${source}/`));
  const expected = [
    "deep",
    "deep/er",
    "deep/er/b.tmp",
    "deep/er/kept",
    "sizes",
    "sizes/1023",
    "sizes/1024",
    "sizes/1025",
  ];
  expect(names.map((line) => line.slice(source.length + 1)).sort()).toEqual(expected);
  await place.restic.check();
});

const mirrorWords = ["mover", "backup", "--type", "Mirror", "--unencrypted", "--json", "--source"];

it("keeps the same out of a mirror, and leaves one as it was where nothing would stay", async () => {
  const folder = scratch.path("mirror");
  const words = [...mirrorWords, source, "--repository", `file://${folder}`];
  const flags = ["--exclude-caches", "--exclude", "*.tmp", "--include", "/deep", "--include", "/cache"];
  const ran = await holdfast([...words, ...flags], { password: "" });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  const mirrored = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /kept$|content$|TAG$|tmp$/.test(name));
  const names = mirrored();
  expect(names.map((name) => name.split("/").slice(-2).join("/")).sort()).toEqual(["cache/CACHEDIR.TAG", "er/kept"]);
  expect(ran.result<{ leftOut: { entries: number } }>().leftOut.entries).toBeGreaterThan(4);

  const nothing = await holdfast([...words, "--exclude", "*"], { password: "" });
  expect(nothing.result()).toMatchObject({ state: "Failed", reason: "EverythingExcluded" });
  expect(mirrored()).toEqual(names);
});

it.each([
  ["--exclude", "/"],
  ["--include", ""],
  ["--exclude-if-present", "a/b"],
  ["--exclude-larger-than", "big"],
])("refuses %s «%s» before it makes a repository", async (flag, value) => {
  const { environment, password, url } = filePlace(scratch);
  const words = ["mover", "backup", "--source", source, "--repository", url, "--json", flag, value];
  const ran = await holdfast(words, { environment, password });
  expect(ran.code).toBe(1);
  expect(ran.result()).toMatchObject({ state: "Failed", reason: "InvalidConfiguration" });
});
