import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackupResult, moverResult } from "../../src/contract/results.ts";
import { startHoldfast } from "../support/holdfast.ts";
import { moverWith as mover, resultOf as result } from "../support/mover.ts";
import { filePlace, s3Place } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { freePort, type S3Server, startS3Server } from "../support/versitygw.ts";

// Stores that are down, wrong or empty, and several targets of which one is: what the command line says, and what is written all the same.

let scratch: Scratch;
let server: S3Server;
let source: string;
let folders = 0;

beforeAll(async () => {
  scratch = makeScratch();
  server = await startS3Server();
  source = newFolder();
  mkdirSync(source);
  writeFileSync(join(source, "one"), "first file");
  writeFileSync(join(source, "two"), randomBytes(200_000));
});
afterAll(async () => {
  await server?.remove();
  scratch?.remove();
});

const newFolder = () => scratch.path(`folder-${folders++}`);

function configFile(config: object): string {
  const file = scratch.path(`config-${folders++}.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const lock = { holder: "test" };
const s3Keys = (change: Record<string, string>) => ({ ...server.environment, ...change });

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
        await mover(["backup", "--source", source, "--repository", each.url]);
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
    // Once more: what is gone already is no error, and nobody says that it was removed now.
    const again = await result(["forget", "--config", configFile({ targets: targets.slice(1), lock })]);
    const nothing = { target: "disk", state: "Good", snapshotsRemoved: 0, chainsDropped: 0, bytesFreed: 0 };
    expect(again).toMatchObject({
      state: "Good",
      targets: [
        {
          ...nothing,
          message: expect.stringMatching(/There is nothing at .*: nothing had to be removed of chain c\./),
        },
      ],
    });
  });
});
