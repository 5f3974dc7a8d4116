import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moverResult } from "../../src/contract/results.ts";
import { startHoldfast } from "../support/holdfast.ts";
import { makeLongSource } from "../support/long-source.ts";
import { moverWith as mover, resultOf as result } from "../support/mover.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Runs that meet others at work, that are killed, or told to stop.

let scratch: Scratch;
let source: string;
let folders = 0;

beforeAll(async () => {
  scratch = makeScratch();
  source = newFolder();
  mkdirSync(source);
  writeFileSync(join(source, "one"), "first file");
  writeFileSync(join(source, "two"), randomBytes(200_000));
});
afterAll(() => scratch?.remove());

const newFolder = () => scratch.path(`folder-${folders++}`);

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
    await mover(["backup", "--source", source, "--repository", each.url]);
    const restic = await heldByRestic(each);
    const forget = ["forget", "--keep-last", "1", "--prune", "--repository", each.url];
    expect(await result(forget, { code: 11 })).toMatchObject({ reason: "RepositoryLocked", state: "Failed" });
    await mover(["backup", "--source", source, "--repository", each.url]);

    const waiting = result([...forget, "--wait-for-lock", "60"]);
    await sleep(1_000);
    restic.stdin?.end("the content");
    await once(restic, "exit");
    expect(await waiting).toMatchObject({ state: "Good" });
    await each.restic.check();
  });

  it("of a process of ours that was killed is removed, and it is said", async () => {
    const each = filePlace(scratch);
    await mover(["backup", "--source", source, "--repository", each.url]);
    const running = await startLongBackup(each);
    running.process.kill("SIGKILL");
    await running.ended;
    expect(lockFiles(each)).toHaveLength(1);
    const ran = await mover(["forget", "--keep-last", "1", "--prune", "--repository", each.url]);
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

describe("Being stopped", () => {
  it("takes the lock back, ends with 130 and leaves earlier snapshots whole", async () => {
    const each = filePlace(scratch);
    await mover(["backup", "--source", source, "--repository", each.url]);
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
