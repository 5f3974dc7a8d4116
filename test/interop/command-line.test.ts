import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackupResult, moverResult } from "../../src/contract/results.ts";
import { holdfast } from "../support/holdfast.ts";
import { moverWith as mover, resultOf as result } from "../support/mover.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// The command line as people, scripts and pods meet it: exit codes, results, and what is left behind when something is wrong.

let scratch: Scratch;
let source: string;
let place: RepositoryPlace;
let folders = 0;

beforeAll(async () => {
  scratch = makeScratch();
  chmodSync(scratch.path("."), 0o755);
  source = newFolder();
  mkdirSync(source);
  writeFileSync(join(source, "one"), "first file");
  writeFileSync(join(source, "two"), randomBytes(200_000));
  place = filePlace(scratch);
  await mover(["backup", "--source", source, "--repository", place.url]);
});
afterAll(() => scratch?.remove());

const newFolder = () => scratch.path(`folder-${folders++}`);
const isRoot = process.getuid?.() === 0;

function configFile(config: object): string {
  const file = scratch.path(`config-${folders++}.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const lock = { holder: "test" };

describe("A wrong password", () => {
  it.each([
    ["backup", "--source", "/tmp"],
    ["restore", "--target", "/nowhere/yet"],
    ["forget", "--keep-last", "1"],
    ["check"],
    ["snapshots"],
  ])("ends %s with 12", async (...words) => {
    const ran = await mover([...words, "--repository", place.url], { code: 12, password: "wrong" });
    expect(ran.stderr).toMatch(/password/i);
    expect(existsSync("/nowhere")).toBe(false);
  });

  it("is told from a missing one", async () => {
    const words = ["backup", "--source", source, "--repository", place.url];
    expect(await result(words, { code: 1, password: "" })).toMatchObject({
      state: "Failed",
      reason: "PasswordMissing",
    });
    const environment = { HOLDFAST_PASSWORD_FILE: "/nowhere/password" };
    const missing = await result(words, { code: 1, environment });
    expect(missing).toMatchObject({ reason: "PasswordMissing", message: expect.stringContaining("/nowhere/password") });
  });

  it("does not arise from the newline at the end of a file", async () => {
    const file = scratch.path("password");
    writeFileSync(file, "test password\n");
    await mover(["snapshots", "--repository", place.url], {
      code: 0,
      password: "wrong",
      environment: { HOLDFAST_PASSWORD_FILE: file },
    });
  });
});

describe("A full backup", () => {
  it("needs an empty place", async () => {
    const full = ["backup", "--type", "Full", "--source", source, "--repository"];
    const fresh = filePlace(scratch);
    await mover([...full, fresh.url]);
    expect(await result([...full, fresh.url], { code: 1 })).toMatchObject({ reason: "RepositoryNotEmpty" });
    expect(await fresh.restic.json<object[]>("snapshots")).toHaveLength(1);
  });
});

describe("Files that cannot be read", () => {
  it.skipIf(!isRoot)("end a backup by another user with 3, are named, and the rest is there", async () => {
    const secret = newFolder();
    mkdirSync(join(secret, "closed"), { recursive: true });
    writeFileSync(join(secret, "open"), "readable");
    writeFileSync(join(secret, "private"), "not for everybody", { mode: 0o600 });
    writeFileSync(join(secret, "closed/inside"), "neither");
    chmodSync(join(secret, "closed"), 0o700);
    const repository = newFolder();
    mkdirSync(repository);
    chmodSync(repository, 0o777);
    const file = scratch.path("termination-log");
    writeFileSync(file, "");
    chmodSync(file, 0o666);
    const words = ["backup", "--source", secret, "--repository", `file://${repository}`];
    const environment = { HOLDFAST_RESULT_FILE: file };
    const backup = (await result(words, { code: 3, uid: 65534, environment })) as BackupResult;
    expect(backup).toMatchObject({ state: "Incomplete", reason: "ReadErrors", errors: 2 });
    expect(backup.failedPaths.sort()).toEqual([expect.stringMatching(/closed/), expect.stringMatching(/private/)]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(backup);

    const target = newFolder();
    await mover(["restore", "--repository", `file://${repository}`, "--target", target]);
    expect(readFileSync(join(target, "open"), "utf8")).toBe("readable");
    expect(existsSync(join(target, "private"))).toBe(false);
  });

  it.skipIf(!isRoot)("by the thousand still leave a result that Kubernetes keeps whole", async () => {
    const many = newFolder();
    mkdirSync(many);
    for (let n = 0; n < 1500; n++)
      writeFileSync(join(many, `a file with a rather long name, number ${n}`), "x", { mode: 0 });
    const repository = newFolder();
    mkdirSync(repository);
    chmodSync(repository, 0o777);
    const words = ["mover", "backup", "--json", "--source", many, "--repository", `file://${repository}`];
    const ran = await holdfast(words, { uid: 65534 });
    expect(ran.code).toBe(3);
    expect(Buffer.byteLength(ran.stdout.trimEnd().split("\n").at(-1) ?? "")).toBeLessThanOrEqual(4096);
    expect(moverResult.parse(ran.result())).toMatchObject({ errors: 1500, state: "Incomplete" });
  });

  it("are no empty backup where the source itself is missing", async () => {
    const words = ["backup", "--source", "/nowhere/at/all", "--repository", filePlace(scratch).url];
    expect(await result(words, { code: 1 })).toMatchObject({ state: "Failed", reason: "SourceUnreadable" });
  });
});

describe("A restore", () => {
  it.skipIf(!isRoot)("by another user brings back all but owners, says so, and makes nothing set-user-ID", async () => {
    const theirs = newFolder();
    mkdirSync(theirs);
    writeFileSync(join(theirs, "tool"), "runs as its owner");
    chmodSync(join(theirs, "tool"), 0o4755);
    const each = filePlace(scratch);
    await mover(["backup", "--source", theirs, "--repository", each.url]);
    execFileSync("chown", ["-R", "65534:65534", each.url.slice("file://".length)]);
    const target = newFolder();
    mkdirSync(target);
    chmodSync(target, 0o777);
    execFileSync("chown", ["65534:65534", target]);
    const words = ["restore", "--repository", each.url, "--target", target, "--verify"];
    const ran = await mover(words, { code: 0, uid: 65534 });
    expect(ran.stderr.match(/Owners were not restored/g)).toHaveLength(1);
    expect(statSync(join(target, "tool"))).toMatchObject({ uid: 65534, mode: 0o100755 });
  });

  it("into a folder with something in it is refused", async () => {
    const words = ["restore", "--repository", place.url, "--target", source];
    expect(await result(words, { code: 1 })).toMatchObject({ reason: "TargetFolderNotEmpty" });
    expect(readFileSync(join(source, "one"), "utf8")).toBe("first file");
  });

  it("that differs from the repository afterwards is Failed, and verify says the same", async () => {
    const target = newFolder();
    const restore = ["restore", "--repository", place.url, "--target", target, "--verify"];
    expect(await result(restore)).toMatchObject({ state: "Good", files: 2, bytes: 200_010, errors: 0 });
    writeFileSync(join(target, "extra"), "");
    const verify = ["verify", "--repository", place.url, "--target", target];
    expect(await result(verify, { code: 1 })).toMatchObject({
      kind: "verify",
      state: "Failed",
      reason: "VerificationFailed",
      failedPaths: ["/extra"],
    });
  });

  it("from a repository with a damaged pack names what is lost and ends with 3; check ends with 1", async () => {
    const each = filePlace(scratch);
    await mover(["backup", "--source", source, "--repository", each.url]);
    const data = join(each.url.slice("file://".length), "data");
    const packs = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = packs.map((entry) => join(entry.parentPath, entry.name));
    const largest = paths.sort((a, b) => statSync(b).size - statSync(a).size)[0] ?? "";
    const bytes = readFileSync(largest);
    // In the 200,000 bytes of «two»: «one» is in the same pack, and unharmed.
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 1;
    writeFileSync(largest, bytes);

    await mover(["check", "--repository", each.url]);
    const check = await mover(["check", "--read-data", "--repository", each.url], { code: 1 });
    expect(check.stderr).toMatch(/Not whole in snapshot [0-9a-f]{8}: .*two/);
    const target = newFolder();
    expect(await result(["restore", "--repository", each.url, "--target", target], { code: 3 })).toMatchObject({
      state: "Incomplete",
      reason: "RepositoryDamaged",
      failedPaths: ["/two"],
    });
    expect(readdirSync(target)).toEqual(["one"]);
  });
});

describe("What is asked for wrongly", () => {
  it.each([
    [["backup", "--repository", "file:///tmp/x"], /--source is missing/],
    [["backup", "--source", "/tmp"], /--repository is missing/],
    [["backup", "--source", "/tmp", "--repository", "/tmp/x"], /Use file:\/\/\/absolute/],
    [["restore", "--repository", "file:///tmp/x"], /--target is missing/],
    [["forget", "--repository", "file:///tmp/x"], /No rule says what to keep/],
    [["forget", "--repository", "file:///tmp/x", "--keep-last", "-1"], /--keep-last takes a number/],
    [["forget", "--repository", "file:///tmp/x", "--keep-last", "0", "--keep-daily", "0"], /No rule says what to keep/],
    [["forget", "--repository", "file:///tmp/x", "--keep-daily", "1", "--time-zone", "Mars/Base"], /is no time zone/],
    [["backup", "--config", "/nowhere.json"], /cannot be read as JSON/],
    [["backup", "--config", "/x.json", "--repository", "file:///x"], /cannot be used with option '--repository/],
    [["check", "--repository", "file:///tmp/x", "--wait-for-lock", "soon"], /--wait-for-lock takes/],
    [["forget", "--repository", "file:///tmp/x", "--keep-daily", "7", "--keep-last", ""], /--keep-last .* not «»/],
    [
      [
        "backup",
        "--type",
        "Mirror",
        "--unencrypted",
        "--source",
        "/x",
        "--repository",
        "file:///x",
        "--maximum-change",
        "",
      ],
      /--maximum-change takes a number of percent in digits/,
    ],
  ] as const)("%j is answered with what to do", async (words, message) => {
    const ran = await mover(words, { code: 1 });
    expect(ran.stderr).toMatch(message);
  });

  it("names each wrong field of a configuration", async () => {
    const config = configFile({ source: 1, targets: [{ name: "x", repository: {}, expect: "Maybe" }], lock, typo: 1 });
    const ran = await result(["backup", "--config", config], { code: 1 });
    expect(ran).toMatchObject({ reason: "InvalidConfiguration" });
    for (const field of ["source", "targets.0.repository.url", "targets.0.expect", "typo"]) {
      expect("message" in ran && ran.message).toContain(field);
    }
  });

  it("knows when a snapshot is not there", async () => {
    const words = ["restore", "--repository", place.url, "--snapshot", "0123abcd", "--target", newFolder()];
    expect(await result(words, { code: 1 })).toMatchObject({ reason: "SnapshotNotFound" });
  });
});
