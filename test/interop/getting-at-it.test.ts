import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addArchiveOddities } from "../support/archive-oddities.ts";
import { folderState } from "../support/folder-state.ts";
import { holdfast, type RunOptions } from "../support/holdfast.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { runInShell } from "./shell.ts";

// Looking into a repository from the command line. The judges are plain restic, GNU tar, and the folder itself.

let scratch: Scratch;
let source: string;
let place: RepositoryPlace;
let folders = 0;

beforeAll(async () => {
  scratch = makeScratch();
  source = newFolder();
  makeOddFolder(source);
  addArchiveOddities(source);
  place = filePlace(scratch);
  await mover(["backup", "--source", source]);
});
afterAll(() => scratch?.remove());

function newFolder(): string {
  const folder = scratch.path(`folder-${folders++}`);
  mkdirSync(folder);
  return folder;
}

async function mover(words: readonly string[], { code = 0, ...options }: RunOptions & { code?: number } = {}) {
  const ran = await holdfast(["mover", ...words, "--repository", place.url], options);
  expect(ran.code, `${words.join(" ")}\n${ran.stderr}`).toBe(code);
  expect(ran.stderr, "a stack is for us, not for people").not.toMatch(/^ {4}at /m);
  return ran;
}

const shell = (line: string, url = place.url) => runInShell(line, place, url);

const attributes = (folder: string): string =>
  execFileSync("getfattr", ["-R", "-h", "-d", "-m", "^(user|security.capability|system.posix_acl)", "-e", "hex", "."], {
    cwd: folder,
    encoding: "utf8",
  })
    .split("\n\n")
    .sort()
    .join("\n\n");

const resticLines = async (...words: readonly string[]): Promise<Record<string, unknown>[]> => {
  const said = await place.restic.run(...words, "--json", "--quiet");
  return said
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
};

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("ls", () => {
  it("lists what restic lists, in its JSON form", async () => {
    const [snapshot, ...nodes] = jsonLines((await mover(["ls", "latest", "--json"])).stdout);
    const [theirSnapshot, ...theirNodes] = await resticLines("ls", "latest");
    expect(snapshot).toMatchObject({ id: theirSnapshot?.id, struct_type: "snapshot", paths: [source] });
    expect(nodes.length).toBe(theirNodes.length);
    for (const [at, theirs] of theirNodes.entries()) expect(nodes[at]).toMatchObject(theirs);
  });

  it.each([
    ["latest", "."],
    ["latest", "deep"],
    ["latest", "/deep/"],
    ["latest", "deep", "link"],
  ])("lists only what is in a folder: %s %s", async (snapshot, ...paths) => {
    const { stdout } = await mover(["ls", snapshot, ...paths]);
    const [, ...lines] = stdout.trimEnd().split("\n");
    const [first = ""] = paths;
    const folder = first === "." ? source : join(source, "deep");
    const expected = [folder, ...readdirSync(folder).map((name) => join(folder, name))];
    expect(lines.length).toBe(expected.length + paths.length - 1);
    expect(lines).toContain(folder);
    if (folder !== source) expect(lines).toContain(join(folder, "naïve ☃ 🏴"));
  });

  it("hands nothing to a terminal that it would act on, and takes back what it shows", async () => {
    const { stdout } = await mover(["ls", "-l", "latest"]);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    const { stdout: json } = await mover(["ls", "--json", "latest"]);
    expect(json.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    for (const content of ["a name for terminals", "bytes"]) {
      const name = content === "bytes" ? "utf8" : "red";
      const shown = stdout.split("\n").find((line) => line.endsWith(`${name}"`) || line.includes(`m${name}`));
      const path = /".*"$/.exec(shown ?? "")?.[0] ?? "";
      expect((await mover(["dump", "latest", path])).stdout).toBe(content);
    }
  });

  it("takes the beginning of an id", async () => {
    const [{ id = "" } = {}] = await place.restic.json<{ id: string }[]>("snapshots");
    expect((await mover(["ls", id.slice(0, 6)])).stdout).toContain(`snapshot ${id.slice(0, 8)} of ${source}`);
  });

  it("writes nothing to a store that may only be read", async () => {
    const { stderr } = await mover(["ls", "latest", "--no-lock"]);
    expect(stderr).toBe("");
  });
});

describe("dump", () => {
  it.each(["large", "sparse", "empty", "deep/quote\"s 'and' `more`"])("writes the bytes of %s", async (name) => {
    for (const path of name === "large" ? [name, join(source, name)] : [name]) {
      const quoted = `'${path.replaceAll("'", "'\\''")}'`;
      const { code, stderr } = await shell(
        `holdfast dump latest ${quoted} | cmp - "${source}"/${quoted.replace(source, "")}`,
      );
      expect([code, stderr]).toEqual([0, ""]);
    }
  });

  it("writes what restic writes", async () => {
    const theirs = `restic -r ${place.url.slice("file://".length)} --no-cache dump latest ${source}/large`;
    expect(await shell(`cmp <(holdfast dump latest large) <(${theirs})`)).toMatchObject({ code: 0 });
  });

  it.each([
    ["a folder", "deep", /is a folder: write it with tar/],
    ["a fifo", "fifo", /is no regular file but a fifo/],
    ["nothing", "deep/nothing", /«deep\/nothing» is not in snapshot/],
    ["a path with a terminal's commands", "\x1b[2J", /«\\u001b\[2J» is not in snapshot/],
  ])("refuses %s, and says what to do", async (_, path, message) => {
    const { stdout, stderr } = await mover(["dump", "latest", path], { code: 1 });
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
  });
});

describe("tar", () => {
  const extract =
    "tar --extract --xattrs --xattrs-include='*' --acls --numeric-owner --same-permissions --warning=no-timestamp";

  it("is extracted by GNU tar to what a restore brings back, and to what there was", async () => {
    const extracted = newFolder();
    expect(await shell(`holdfast tar latest | ${extract} -C ${extracted}`)).toMatchObject({ code: 0, stderr: "" });
    const restored = scratch.path(`folder-${folders++}`);
    await mover(["restore", "--target", restored]);
    expect(folderState(extracted)).toEqual(folderState(source));
    expect(folderState(extracted)).toEqual(folderState(restored));
    expect(attributes(extracted)).toBe(attributes(restored));
    expect(attributes(extracted)).toContain("user.note\\075%=0x00ff0a3d");
  });

  it("writes a part: a folder's content, or one file", async () => {
    const [folder, file] = [newFolder(), newFolder()];
    expect(await shell(`holdfast tar latest deep | ${extract} -C ${folder}`)).toMatchObject({ code: 0 });
    expect(folderState(folder)).toEqual(folderState(join(source, "deep")));
    expect(await shell(`holdfast tar latest deep/er/and/deeper/file | ${extract} -C ${file}`)).toMatchObject({
      code: 0,
    });
    expect(readdirSync(file)).toEqual(["file"]);
    expect(readFileSync(join(file, "file"))).toEqual(readFileSync(join(source, "deep/er/and/deeper/file")));
  });

  it("leaves sockets out, as tar itself does, and says so", async () => {
    const with_socket = newFolder();
    const script = `require("net").createServer().listen("${with_socket}/socket", () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "close");
    const other = filePlace(scratch);
    await holdfast(["mover", "backup", "--source", with_socket, "--repository", other.url]);
    const { code, stdout, stderr } = await shell("holdfast tar latest | tar --list", other.url);
    expect([code, stdout]).toEqual([0, "./\n"]);
    expect(stderr).toMatch(/1 socket left out/);
  });
});

describe("A reader that goes away", () => {
  it.each(["ls -l latest", "dump latest large", "tar latest"])("ends %s quietly", async (words) => {
    const { code, stderr } = await shell(`holdfast ${words} | head -c 10 >/dev/null`);
    expect([stderr, [0, 141].includes(code)]).toEqual(["", true]);
    const locks = join(place.url.slice("file://".length), "locks");
    expect(existsSync(locks) ? readdirSync(locks) : []).toEqual([]);
  });
});

describe("A file larger than memory should be", () => {
  it("is written in bounded memory by dump and tar", async () => {
    const folder = newFolder();
    const size = (process.env.HOLDFAST_TEST_LONG === "1" ? 9 : 1.25) * 2 ** 30;
    const file = openSync(join(folder, "huge"), "w");
    ftruncateSync(file, size);
    closeSync(file);
    utimesSync(join(folder, "huge"), 1, 1);
    const other = filePlace(scratch);
    await holdfast(["mover", "backup", "--source", folder, "--repository", other.url]);
    const peak = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))";
    const measured = `export NODE_OPTIONS="--import \\"data:text/javascript,${encodeURIComponent(peak)}\\""`;
    for (const words of ["dump latest huge | wc --bytes", "tar latest | tar --list --verbose"]) {
      const { code, stdout, stderr } = await shell(`${measured}; holdfast ${words}`, other.url);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(new RegExp(`(^| )${size}( 1970-01-01 .*huge)?$`, "m"));
      const kibibytes = Number(/^peak (\d+)$/m.exec(stderr)?.[1]);
      expect(kibibytes, "the file did not fit into it").toBeLessThan(600 * 1024);
    }
  });
});

describe("A damaged repository", () => {
  it("ends dump and tar with an error and no whole stream, and ls where a list is lost", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "file"), Buffer.alloc(100_000, "x"));
    const other = filePlace(scratch);
    await holdfast(["mover", "backup", "--source", folder, "--repository", other.url]);
    const root = other.url.slice("file://".length);
    const packs = readdirSync(join(root, "data"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const ends: string[] = [];
    for (const pack of packs) {
      const whole = readFileSync(pack);
      const bad = Buffer.from(whole);
      bad[20] = (bad[20] ?? 0) ^ 1;
      rmSync(pack);
      writeFileSync(pack, bad);
      for (const words of ["dump latest file", "tar latest", "ls latest"]) {
        const { code, stderr } = await shell(`holdfast ${words} >/dev/null`, other.url);
        ends.push(`${words} ${code}`);
        if (code !== 0) expect(stderr).toMatch(/is damaged or missing in pack/);
      }
      rmSync(pack);
      writeFileSync(pack, whole);
    }
    expect(ends.sort()).toEqual([
      "dump latest file 1",
      "dump latest file 1",
      "ls latest 0",
      "ls latest 1",
      "tar latest 1",
      "tar latest 1",
    ]);
  });
});

describe("A mirror", () => {
  it("is listed, searched, dumped and archived without a password; what needs several states says why not", async () => {
    const folder = newFolder();
    makeOddFolder(folder);
    const url = `file://${scratch.path("mirror")}`;
    const run = (...words: readonly string[]) => holdfast(["mover", ...words, "--repository", url], { password: "" });
    await run("backup", "--type", "Mirror", "--unencrypted", "--source", folder);
    expect((await run("ls", "latest", "deep")).stdout).toContain("/deep/naïve ☃ 🏴\n");
    expect((await run("find", "large")).stdout).toMatch(/ 9000001 .*\/large\n$/);
    expect((await run("snapshots")).stdout).toMatch(/1 snapshot\n$/);
    const dump = await shell(
      `holdfast dump latest deep/er/and/deeper/file | cmp - ${folder}/deep/er/and/deeper/file`,
      url,
    );
    expect(dump, dump.stderr).toMatchObject({ code: 0 });
    const extracted = newFolder();
    const tar = await shell(
      `holdfast tar latest deep | tar --extract --numeric-owner --same-permissions -C ${extracted}`,
      url,
    );
    expect(tar, tar.stderr).toMatchObject({ code: 0 });
    expect(folderState(extracted)).toEqual(folderState(join(folder, "deep")));
    const { code, stderr } = await run("diff", "latest", "latest");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/is a mirror, which has neither an index nor a history/)]);
  });
});

describe("How they end", () => {
  it.each([
    ["ls", "latest"],
    ["tar", "latest"],
  ])("%s: as the others do", async (...words) => {
    await mover(words, { code: 12, password: "wrong" });
    const nowhere = await holdfast(["mover", ...words, "--repository", `file://${scratch.path("nowhere")}`]);
    expect(nowhere.code).toBe(10);
    const unknown = await mover([words[0] ?? "", "0123abcd", ...words.slice(2)], { code: 1 });
    expect(unknown.stderr).toMatch(/There is no snapshot 0123abcd/);
  });
});
