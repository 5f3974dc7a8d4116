import { spawnSync } from "node:child_process";
import { mkdirSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { holdfast, main, startHoldfast } from "../../test/support/holdfast.ts";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";

let scratch: Scratch;
let source: string;
let repository: string;
beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  repository = `file://${scratch.path("repository")}`;
  mkdirSync(source);
  for (const name of ["a", "it's large", "left out", "z"]) writeFileSync(join(source, name), name);
  // A hole is stored and restored at once, and takes its time to be compared.
  truncateSync(join(source, "it's large"), 2 ** 31);
  utimesSync(source, 1, 1);
  await holdfast(["mover", "backup", "--source", source, "--repository", repository]);
});
afterAll(() => scratch?.remove());

/** A restore of two files that is stopped when all is there and the comparison has begun. */
async function stopped(target: string) {
  const words = ["--target", target, "--include", "it's large", "--include", "z", "--verify"];
  const running = startHoldfast(["mover", "restore", "--repository", repository, ...words]);
  const isThere = () => statSync(target, { throwIfNoEntry: false })?.mtimeMs === 1000;
  while (!isThere() && running.process.exitCode === null) await sleep(2);
  running.process.kill("SIGTERM");
  return running.ended;
}

it("is made up for by the command that is advised, for what was restored and of the same snapshot", async () => {
  const target = scratch.path("the target");
  const { code, stderr } = await stopped(target);
  expect(code, stderr).toBe(130);
  expect(stderr).toMatch(/^Restored, but not compared: Stopped by SIGTERM\. What was restored is in \S+\/the target: /);
  // Of the newest snapshot the comparison would say something else.
  writeFileSync(join(source, "z"), "changed since");
  await holdfast(["mover", "backup", "--source", source, "--repository", repository]);

  const advised = /compare it with: holdfast (.*)$/m.exec(stderr)?.[1] ?? "";
  const compare = () => {
    const words = ["-c", `"$0" "$1" ${advised} --json`, process.execPath, main];
    const env = { PATH: "", HOLDFAST_PASSWORD: "test password" };
    const { stdout } = spawnSync("/bin/sh", words, { encoding: "utf8", env });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  };
  expect(compare()).toMatchObject({ kind: "verify", state: "Good", files: 2 });
  writeFileSync(join(target, "z"), "damaged");
  expect(compare()).toMatchObject({ state: "Failed", reason: "VerificationFailed", failedPaths: ["/z"] });
});
