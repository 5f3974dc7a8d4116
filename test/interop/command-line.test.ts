import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackupResult, type MoverResult, moverResult } from "../../src/mover/contract.ts";
import { holdfast, type RunOptions, startHoldfast } from "../support/holdfast.ts";
import { makeLongSource } from "../support/long-source.ts";
import { filePlace, type RepositoryPlace, s3Place } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { freePort, type S3Server, startS3Server } from "../support/versitygw.ts";

// The command line as people, scripts and pods meet it: exit codes, results, and what is left behind when something is wrong.

let scratch: Scratch;
let server: S3Server;
let source: string;
let place: RepositoryPlace;
let folders = 0;

beforeAll(async () => {
  scratch = makeScratch();
  chmodSync(scratch.path("."), 0o755);
  server = await startS3Server();
  source = newFolder();
  mkdirSync(source);
  writeFileSync(join(source, "one"), "first file");
  writeFileSync(join(source, "two"), randomBytes(200_000));
  place = filePlace(scratch);
  await mover(["backup", "--source", source, "--repository", place.url], { code: 0 });
});
afterAll(async () => {
  await server?.remove();
  scratch?.remove();
});

const newFolder = () => scratch.path(`folder-${folders++}`);
const isRoot = process.getuid?.() === 0;

interface Expected extends RunOptions {
  readonly code: number;
}

async function mover(words: readonly string[], { code, ...options }: Expected) {
  const ran = await holdfast(["mover", ...words], options);
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(code);
  expect(ran.stderr, "a stack is for us, not for people").not.toMatch(/^ {4}at /m);
  return ran;
}

/** Runs with --json; the result must be as the contract says. */
async function result(words: readonly string[], expected: Expected): Promise<MoverResult> {
  const ran = await mover([...words, "--json"], expected);
  return moverResult.parse(ran.result());
}

function configFile(config: object): string {
  const file = scratch.path(`config-${folders++}.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const lock = { holder: "test" };
const s3Keys = (change: Record<string, string>) => ({ ...server.environment, ...change });

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

describe("No repository", () => {
  it.each([
    ["restore", "--target", "/nowhere/yet"],
    ["verify", "--target", "/nowhere/yet"],
    ["forget", "--keep-last", "1"],
    ["check"],
    ["snapshots"],
  ])("ends %s with 10 and makes none", async (...words) => {
    const folder = newFolder();
    await mover([...words, "--repository", `file://${folder}`], { code: 10 });
    expect(existsSync(folder)).toBe(false);
    await mover([...words, "--repository", s3Place(server).url], { code: 10, environment: server.environment });
  });

  it("is an error for a backup that knows there was one", async () => {
    const folder = newFolder();
    const target = { name: "t", repository: { url: `file://${folder}` }, expect: "Present" };
    const config = configFile({ source, targets: [target], lock });
    expect(await result(["backup", "--config", config], { code: 10 })).toMatchObject({ reason: "RepositoryNotFound" });
    expect(existsSync(folder)).toBe(false);
  });
});

describe("A store that cannot be used", () => {
  const backup = (environment: Record<string, string>, url = s3Place(server).url) =>
    result(["backup", "--source", source, "--repository", url], { code: 1, environment });

  it("is named when it does not answer, and nothing is begun", async () => {
    const environment = s3Keys({ AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${await freePort()}` });
    const started = performance.now();
    expect(await backup(environment)).toMatchObject({
      reason: "StoreUnreachable",
      message: expect.stringContaining("refuses"),
    });
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  it("is named when the bucket is missing", async () => {
    const missing = await backup(server.environment, "s3://no-such-bucket/prefix");
    expect(missing).toMatchObject({ reason: "BucketNotFound", message: expect.stringContaining("no-such-bucket") });
  });

  it("is named when the keys are wrong, without the keys", async () => {
    const secret = "wrong-secret-key";
    const wrong = await backup(s3Keys({ AWS_SECRET_ACCESS_KEY: secret }));
    expect(wrong).toMatchObject({ reason: "CredentialsRejected" });
    expect(JSON.stringify(wrong)).not.toContain(secret);
  });

  it("is named when there are no keys", async () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...environment } = server.environment;
    const none = { ...environment, AWS_EC2_METADATA_DISABLED: "true", HOME: "/nowhere" };
    expect(await backup(none)).toMatchObject({ reason: "CredentialsMissing" });
  });

  it("is found out by probe, which leaves nothing behind", async () => {
    const { url } = s3Place(server);
    const good = await result(["probe", "--repository", url], { code: 0, environment: server.environment });
    expect(good).toEqual({ kind: "probe", state: "Good" });
    const left = readdirSync(server.bucketFolder, { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => name.includes("probe"))).toEqual([]);
    const environment = s3Keys({ AWS_ACCESS_KEY_ID: "nobody" });
    const bad = await result(["probe", "--repository", url], { code: 1, environment });
    expect(bad).toMatchObject({ state: "Failed", reason: "CredentialsRejected" });
  });
});

describe("A store that restarts in the middle of a backup", () => {
  it("is waited for, and the backup is whole", async () => {
    const large = newFolder();
    mkdirSync(large);
    for (let n = 0; n < 8; n++) writeFileSync(join(large, `file-${n}`), randomBytes(12_000_000));
    const own = await startS3Server();
    try {
      const each = s3Place(own);
      const words = ["mover", "backup", "--source", large, "--repository", each.url, "--json"];
      const running = startHoldfast(words, { environment: own.environment });
      const data = join(own.bucketFolder, each.url.slice(`s3://${own.bucket}/`.length), "data");
      while (!existsSync(data) && running.process.exitCode === null) await sleep(10);
      await own.stop();
      await sleep(2_000);
      expect(running.process.exitCode).toBe(null);
      await own.start();
      const ran = await running.ended;
      expect(ran.code, ran.stdout + ran.stderr).toBe(0);
      expect(moverResult.parse(ran.result())).toMatchObject({ state: "Good", files: 8 });
      await each.restic.check();
    } finally {
      await own.remove();
    }
  });
});

describe("Several targets in one read", () => {
  it("are all written but for the one that is down, which is named", async () => {
    const first = filePlace(scratch);
    const second = s3Place(server);
    const keys = newFolder();
    mkdirSync(keys);
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
      writeFileSync(join(keys, name), server.environment[name] ?? "");
    }
    const s3 = { endpoint: server.endpoint, region: server.region };
    const down = { endpoint: `http://127.0.0.1:${await freePort()}` };
    const targets = [
      { name: "disk", repository: { url: first.url }, expect: "Any" },
      { name: "offsite", repository: { url: "s3://offsite/p", s3: down, credentialsDirectory: keys }, expect: "Any" },
      { name: "onprem", repository: { url: second.url, s3, credentialsDirectory: keys }, expect: "Any" },
    ];
    const config = configFile({ source, hostname: "shop", path: "/data", tags: ["run=1"], targets, lock });
    const backup = (await result(["backup", "--config", config], { code: 1 })) as BackupResult;
    expect(backup).toMatchObject({ state: "Failed", message: expect.stringContaining("offsite") });
    expect(backup.targets.map(({ target, state, reason }) => [target, state, reason])).toEqual([
      ["disk", "Good", undefined],
      ["offsite", "Failed", "StoreUnreachable"],
      ["onprem", "Good", undefined],
    ]);
    for (const each of [first, second]) {
      await each.restic.check();
      const [snapshot] = await each.restic.json<object[]>("snapshots");
      expect(snapshot).toMatchObject({
        hostname: "shop",
        paths: ["/data"],
        tags: ["run=1", "type=Full", "holdfast-owner=full"],
      });
    }
  });

  it("forgets on each what it is told, drops what is empty, and names the one that fails", async () => {
    const [kept, dropped] = [filePlace(scratch), filePlace(scratch)];
    const ids: Record<string, string[]> = {};
    for (const each of [kept, dropped]) {
      for (let run = 0; run < 2; run++) {
        await mover(["backup", "--source", source, "--repository", each.url], { code: 0 });
      }
      ids[each.url] = (await each.restic.json<{ id: string }[]>("snapshots")).map(({ id }) => id);
    }
    const chain = (url: string, snapshots: string[]) => ({
      chain: "c",
      repository: { url },
      snapshots,
      dropWhenEmpty: true,
    });
    const targets = [
      { name: "nowhere", chains: [chain("s3://no-such-bucket/x", [])] },
      {
        name: "disk",
        chains: [chain(kept.url, ids[kept.url]?.slice(0, 1) ?? []), chain(dropped.url, ids[dropped.url] ?? [])],
      },
    ];
    const words = ["forget", "--config", configFile({ targets, lock })];
    const first = await result(words, { code: 1, environment: server.environment });
    expect(first).toMatchObject({
      state: "Failed",
      message: expect.stringContaining("nowhere"),
      targets: [
        { target: "nowhere", state: "Failed", reason: "BucketNotFound" },
        { target: "disk", state: "Good", snapshotsRemoved: 3, chainsDropped: 1 },
      ],
    });
    expect(readdirSync(dropped.url.slice("file://".length))).toEqual([]);
    expect(await kept.restic.json<object[]>("snapshots")).toHaveLength(1);
    await kept.restic.check();
    // Once more: what is gone already is no error.
    const again = await result(["forget", "--config", configFile({ targets: targets.slice(1), lock })], { code: 0 });
    expect(again).toMatchObject({ state: "Good" });
  });
});

describe("A full backup", () => {
  it("needs an empty place", async () => {
    const full = ["backup", "--type", "Full", "--source", source, "--repository"];
    const fresh = filePlace(scratch);
    await mover([...full, fresh.url], { code: 0 });
    expect(await result([...full, fresh.url], { code: 1 })).toMatchObject({ reason: "RepositoryNotEmpty" });
    expect(await fresh.restic.json<object[]>("snapshots")).toHaveLength(1);
  });
});

describe("A lock", () => {
  /** A real restic that holds a repository until it is told to go on. */
  async function heldByRestic(each: RepositoryPlace) {
    const folder = each.url.slice("file://".length);
    const words = ["-r", folder, "--no-cache", "backup", "--stdin"];
    const env = { ...process.env, RESTIC_PASSWORD: each.password };
    const restic = spawn(process.env.RESTIC || "restic", words, { stdio: ["pipe", "ignore", "inherit"], env });
    while (!existsSync(join(folder, "locks")) || readdirSync(join(folder, "locks")).length === 0) await sleep(50);
    return restic;
  }

  it("of a restic at work keeps us from pruning (11), not from backing up", async () => {
    const each = filePlace(scratch);
    await mover(["backup", "--source", source, "--repository", each.url], { code: 0 });
    const restic = await heldByRestic(each);
    const forget = ["forget", "--keep-last", "1", "--prune", "--repository", each.url];
    expect(await result(forget, { code: 11 })).toMatchObject({ reason: "RepositoryLocked", state: "Failed" });
    await mover(["backup", "--source", source, "--repository", each.url], { code: 0 });

    const waiting = result([...forget, "--wait-for-lock", "60"], { code: 0 });
    await sleep(1_000);
    restic.stdin?.end("the content");
    await once(restic, "exit");
    expect(await waiting).toMatchObject({ state: "Good" });
    await each.restic.check();
  });

  it("of a process of ours that was killed is removed, and it is said", async () => {
    const each = filePlace(scratch);
    await mover(["backup", "--source", source, "--repository", each.url], { code: 0 });
    const running = await startLongBackup(each);
    running.process.kill("SIGKILL");
    await running.ended;
    expect(lockFiles(each)).toHaveLength(1);
    const ran = await mover(["forget", "--keep-last", "1", "--prune", "--repository", each.url], { code: 0 });
    expect(ran.stderr).toMatch(/Removed.*lock.*ended/);
    await each.restic.check();
  });
});

const lockFiles = ({ url }: RepositoryPlace): string[] => {
  const folder = join(url.slice("file://".length), "locks");
  return existsSync(folder) ? readdirSync(folder) : [];
};

/** A backup that holds its lock and would go on for many seconds. */
async function startLongBackup(each: RepositoryPlace) {
  const big = newFolder();
  makeLongSource(big);
  const running = startHoldfast(["mover", "backup", "--source", big, "--repository", each.url, "--json"]);
  while (lockFiles(each).length === 0) await sleep(20);
  await sleep(700);
  return running;
}

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
    await mover(["restore", "--repository", `file://${repository}`, "--target", target], { code: 0 });
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

describe("Being stopped", () => {
  it("takes the lock back, ends with 130 and leaves earlier snapshots whole", async () => {
    const each = filePlace(scratch);
    await mover(["backup", "--source", source, "--repository", each.url], { code: 0 });
    const running = await startLongBackup(each);
    running.process.kill("SIGTERM");
    const ran = await running.ended;
    expect(ran.code, ran.stdout + ran.stderr).toBe(130);
    expect(moverResult.parse(ran.result())).toMatchObject({ state: "Failed", reason: "Interrupted" });
    expect(lockFiles(each)).toEqual([]);
    expect(await each.restic.json<object[]>("snapshots")).toHaveLength(1);
    await each.restic.run("check", "--read-data");
  });
});

describe("A restore", () => {
  it.skipIf(!isRoot)("by another user brings back all but owners, says so, and makes nothing set-user-ID", async () => {
    const theirs = newFolder();
    mkdirSync(theirs);
    writeFileSync(join(theirs, "tool"), "runs as its owner");
    chmodSync(join(theirs, "tool"), 0o4755);
    const each = filePlace(scratch);
    await mover(["backup", "--source", theirs, "--repository", each.url], { code: 0 });
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
    expect(await result(restore, { code: 0 })).toMatchObject({ state: "Good", files: 2, bytes: 200_010, errors: 0 });
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
    await mover(["backup", "--source", source, "--repository", each.url], { code: 0 });
    const data = join(each.url.slice("file://".length), "data");
    const packs = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = packs.map((entry) => join(entry.parentPath, entry.name));
    const largest = paths.sort((a, b) => statSync(b).size - statSync(a).size)[0] ?? "";
    const bytes = readFileSync(largest);
    // In the 200,000 bytes of «two»: «one» is in the same pack, and unharmed.
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 1;
    writeFileSync(largest, bytes);

    await mover(["check", "--repository", each.url], { code: 0 });
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
    [["forget", "--repository", "file:///tmp/x", "--keep-daily", "1", "--time-zone", "Mars/Base"], /is no time zone/],
    [["backup", "--config", "/nowhere.json"], /cannot be read as JSON/],
    [["backup", "--config", "/x.json", "--repository", "file:///x"], /cannot be used with option '--repository/],
    [["check", "--repository", "file:///tmp/x", "--wait-for-lock", "soon"], /--wait-for-lock takes/],
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
