import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkMirror } from "../../src/mirror/check.ts";
import { openMirror } from "../../src/mirror/open.ts";
import { forEachConcurrently } from "../../src/repository/concurrency.ts";
import { reasonOf } from "../../src/repository/errors.ts";
import { restoreSnapshot } from "../../src/restore/restore.ts";
import { filesystemStorage } from "../../src/storage/filesystem.ts";
import { holdfast, type Ran } from "../support/holdfast.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { type CrashPoint, recordAll, recordOperations, runUntilCrash } from "./crash-point.ts";
import { isLong, reportKills, reportStops } from "./report.ts";
import { stateOf } from "./state-of.ts";
import { expectStopped, stopPoints } from "./stop-points.ts";

/**
 * A mirror run is killed (SIGKILL) after every single change it makes to the store. Then the mirror must restore to exactly what the run
 * before had seen, or to what this one has; and the next run must end well with no help from anybody, with nothing left over. So it must where
 * it is told to end (SIGTERM), and then it says so and leaves no lock.
 */

/** Before one change is after another, but for those that go on at the same time. */
const moments: readonly CrashPoint["when"][] = isLong ? ["before", "after"] : ["after"];
const { signal } = new AbortController();
const concurrentRuns = 4;
let scratch: Scratch;

beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => {
  scratch.remove();
  reportKills(survived);
  reportStops(stopped);
});

/** How often each command was killed, and told to end. */
const survived = new Map<string, number>();
const stopped = new Map<string, number>();

type State = Record<string, string>;

interface Scene {
  readonly source: string;
  readonly mirror: string;
  /** What may come back after the kill; undefined stands for «there is no mirror yet». */
  readonly allowed: readonly (State | undefined)[];
}

const words = (source: string, mirror: string): string[] => [
  ...["mover", "backup", "--type", "Mirror", "--unencrypted", "--maximum-change", "100", "--json"],
  ...["--source", source, "--repository", `file://${mirror}`],
];

async function run(source: string, mirror: string): Promise<void> {
  const ran = await holdfast(words(source, mirror));
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
}

function makeSource(name: string): string {
  const source = scratch.path(`${name}-source`);
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "constant"), randomBytes(2000));
  writeFileSync(join(source, "changing"), randomBytes(3000));
  writeFileSync(join(source, "leaves"), "leaves");
  writeFileSync(join(source, "folder", "moves"), "moves");
  writeFileSync(join(source, "becomes a folder"), "file");
  writeFileSync(join(source, "large"), randomBytes(8_500_000));
  return source;
}

function change(source: string): void {
  writeFileSync(join(source, "changing"), randomBytes(3000));
  rmSync(join(source, "leaves"));
  renameSync(join(source, "folder", "moves"), join(source, "moved"));
  rmSync(join(source, "becomes a folder"));
  mkdirSync(join(source, "becomes a folder"));
  writeFileSync(join(source, "becomes a folder", "inside"), "inside");
  writeFileSync(join(source, "large"), randomBytes(8_600_000));
}

const scenarios = [
  {
    name: "the first run",
    async make(prefix: string): Promise<Scene> {
      const source = makeSource(`${prefix}-first`);
      return { source, mirror: scratch.path(`${prefix}-first-mirror`), allowed: [undefined, stateOf(source)] };
    },
  },
  {
    name: "a run with changes",
    async make(prefix: string): Promise<Scene> {
      const source = makeSource(`${prefix}-changes`);
      const mirror = scratch.path(`${prefix}-changes-mirror`);
      await run(source, mirror);
      const before = stateOf(source);
      change(source);
      return { source, mirror, allowed: [before, stateOf(source)] };
    },
  },
];

/** Undefined where there is no mirror yet. */
async function restoredState(mirror: string): Promise<State | undefined> {
  const target = `${mirror}-restored`;
  try {
    const opened = await openMirror(filesystemStorage(mirror));
    const outcome = await restoreSnapshot({
      repository: opened,
      snapshot: opened.manifest,
      target,
      include: [],
      signal,
    });
    expect(outcome.failures).toEqual([]);
    const state = stateOf(target);
    rmSync(target, { recursive: true });
    return state;
  } catch (error) {
    if (reasonOf(error) === "RepositoryNotFound") return undefined;
    throw error;
  }
}

async function objectsOf(mirror: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of filesystemStorage(mirror).list("")) keys.push(key);
  return keys.filter((key) => !/^\.holdfast\/(manifests|trees)\//.test(key)).sort();
}

async function killAndGoOn(scene: Scene, point: CrashPoint, number: number): Promise<Ran["code"]> {
  const mirror = copyOf(scene, String(number));
  const killed = await runUntilCrash(words(scene.source, mirror), "", point);
  if (point.signal)
    expectStopped(
      killed,
      (await objectsOf(mirror)).filter((key) => key.includes("/locks/")),
    );
  else expect(killed.code, `it was to be killed: ${killed.stdout}${killed.stderr}`).toBeNull();
  expect(scene.allowed).toContainEqual(await restoredState(mirror));

  await run(scene.source, mirror);
  expect(await restoredState(mirror)).toEqual(stateOf(scene.source));
  const report = await checkMirror({ storage: filesystemStorage(mirror), readData: true, signal });
  expect(report).toMatchObject({ problems: [], hints: [] });
  const files = Object.entries(stateOf(scene.source)).filter(([, state]) => state.startsWith("mode 100"));
  expect(await objectsOf(mirror)).toEqual([".holdfast/state", ...files.map(([path]) => `files${path}`)].sort());
  rmSync(mirror, { recursive: true });
  return killed.code;
}

function copyOf({ mirror }: Scene, suffix: string): string {
  const copy = `${mirror}-${suffix}`;
  if (existsSync(mirror)) cpSync(mirror, copy, { recursive: true });
  return copy;
}

async function killEverywhere(
  scene: Scene,
  points: readonly (CrashPoint & { readonly name: string })[],
): Promise<Set<Ran["code"]>> {
  const codes = new Set<Ran["code"]>();
  await forEachConcurrently(points.entries(), concurrentRuns, async ([number, point]) => {
    const code = await killAndGoOn(scene, point, number).catch((cause: unknown) => {
      const where = `${point.when} ${point.name}`;
      throw new Error(`Killed ${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    });
    codes.add(code);
  });
  return codes;
}

test.each(scenarios)("killed in $name of a mirror at every change of the store", async ({ make, name }) => {
  const scene = await make("killed");
  const rehearsed = words(scene.source, copyOf(scene, "rehearsal"));
  const { ran, operations } = await recordOperations(rehearsed, "", scratch.path("operations"));
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  expect(operations.length, name).toBeGreaterThan(10);
  const points = operations.flatMap((name, at) => moments.map((when) => ({ operation: at + 1, when, name })));
  await killEverywhere(scene, points);
  survived.set(`${name} of a mirror`, points.length);
});

test.each(scenarios)("told to end in $name of a mirror", async ({ make, name }) => {
  const scene = await make("stopped");
  const rehearsed = words(scene.source, copyOf(scene, "rehearsal"));
  const { ran, operations } = await recordAll(rehearsed, "", scratch.path("operations"));
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  const points = stopPoints(operations);
  expect(await killEverywhere(scene, points)).toContain(130);
  stopped.set(`${name} of a mirror`, points.length);
});
