import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forEachConcurrently } from "../../src/repository/concurrency.ts";
import { holdfast, type Ran } from "../support/holdfast.ts";
import { resticFor } from "../support/restic.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { type CrashPoint, recordAll, recordOperations, runUntilCrash } from "./crash-point.ts";
import { reportKills, reportStops } from "./report.ts";
import { stateOf } from "./state-of.ts";
import { expectStopped, stopPoints } from "./stop-points.ts";

/**
 * The mover is killed (SIGKILL) before and after every single change it makes to the store, in each of its commands. Then plain
 * restic must find the repository whole, every earlier snapshot must restore identically, and the next run must succeed with no
 * help from anybody. So it must where it is told to end (SIGTERM), and then it says so and leaves no lock.
 */

const password = "crash test";
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

/** What a command works on. `expected` says what each snapshot must restore to, by id. */
interface Scene {
  readonly source: string;
  readonly repository: string;
  readonly expected: ReadonlyMap<string, Record<string, string>>;
}

interface Scenario {
  readonly name: string;
  /** Makes the state before the command that is killed: as many backups, the third a Differential, with changes in between and at the end. */
  readonly backups: number;
  readonly command: (scene: Scene) => string[];
  /** There is so much new data at the end that it is packed in a thread. */
  readonly isLarge?: boolean;
  /** Which snapshots the command is to remove: they may be there or not after it was killed. */
  readonly removes: (snapshots: readonly string[]) => readonly string[];
  /** It writes no snapshot and removes nothing. */
  readonly onlyReads?: boolean;
}

const url = (scene: Scene): string => `file://${scene.repository}`;
const backupWords = (scene: Scene): string[] => [
  "mover",
  "backup",
  "--source",
  scene.source,
  "--repository",
  url(scene),
  "--json",
];

const scenarios: readonly Scenario[] = [
  { name: "the first backup", backups: 0, command: backupWords, removes: () => [] },
  { name: "an incremental backup", backups: 1, command: backupWords, removes: () => [] },
  { name: "a backup that packs in a thread", backups: 1, command: backupWords, isLarge: true, removes: () => [] },
  {
    name: "a differential backup",
    backups: 2,
    command: (scene) => [...backupWords(scene), "--type", "Differential"],
    removes: () => [],
  },
  {
    name: "forget and prune",
    backups: 3,
    command: (scene) => ["mover", "forget", "--keep-last", "1", "--prune", "--repository", url(scene), "--json"],
    removes: (snapshots) => snapshots.slice(0, -1),
  },
  {
    name: "the removal of a whole chain",
    backups: 2,
    command: (scene) => ["mover", "forget", "--config", dropConfig(scene), "--json"],
    removes: (snapshots) => snapshots,
  },
];

/** Its changes are its lock alone: it is worth telling to end, and not killing. */
const reading: readonly Scenario[] = [
  {
    name: "check with all data",
    backups: 2,
    command: (scene) => ["mover", "check", "--read-data", "--repository", url(scene), "--json"],
    removes: () => [],
    onlyReads: true,
  },
];

function dropConfig(scene: Scene): string {
  const file = `${scene.repository}-drop.json`;
  const chain = {
    chain: "only",
    repository: { url: url(scene) },
    snapshots: [...scene.expected.keys()],
    dropWhenEmpty: true,
  };
  const lock = { holder: hostname(), deadHolders: [], waitSeconds: 10 };
  writeFileSync(file, JSON.stringify({ targets: [{ name: "one", chains: [chain] }], lock }));
  return file;
}

async function makeScene(name: string, { backups, isLarge }: Scenario): Promise<Scene> {
  const source = scratch.path(`${name}-source`);
  const expected = new Map<string, Record<string, string>>();
  const scene: Scene = { source, repository: scratch.path(`${name}-repository`), expected };
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "constant"), randomBytes(2000));
  change(source, 0);
  for (let round = 1; round <= backups; round++) {
    expected.set(await backUp(scene, round === 3 ? "Differential" : "Incremental"), stateOf(source));
    change(source, round);
  }
  if (isLarge) writeFileSync(join(source, "large"), randomBytes(20 * 1024 * 1024));
  return scene;
}

function change(source: string, round: number): void {
  writeFileSync(join(source, "changing"), randomBytes(3000));
  writeFileSync(join(source, "folder", `added ${round}`), `round ${round}`);
  rmSync(join(source, "folder", `added ${round - 1}`), { force: true });
}

async function backUp(scene: Scene, type: string): Promise<string> {
  const ran = await holdfast([...backupWords(scene), "--type", type], { password });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return snapshotOf(ran);
}

const snapshotOf = (ran: Ran): string => ran.result<{ targets: { snapshot: string }[] }>().targets[0]?.snapshot ?? "";

/** Plain restic finds nothing wrong, and restores every snapshot as it was, but for those that may be gone. */
async function expectWhole({ source, repository, expected }: Scene, removed: readonly string[]): Promise<void> {
  const mustBeThere = [...expected].filter(([snapshot]) => !removed.includes(snapshot));
  if (!existsSync(join(repository, "config"))) {
    expect(mustBeThere, "without its config a repository is gone").toEqual([]);
    return;
  }
  const restic = resticFor(repository, password);
  expect(await restic.run("check", "--read-data", "--no-lock")).toContain("no errors were found");
  const present = new Set((await restic.json<{ id: string }[]>("snapshots", "--no-lock")).map(({ id }) => id));
  for (const [snapshot, state] of expected) {
    const isThere = present.has(snapshot);
    if (!removed.includes(snapshot)) expect(isThere, `snapshot ${snapshot} is gone`).toBe(true);
    if (isThere) expect(await restoredState(repository, snapshot, source)).toEqual(state);
  }
}

async function restoredState(repository: string, snapshot: string, source: string): Promise<Record<string, string>> {
  const target = `${repository}-restored`;
  await resticFor(repository, password).run("restore", snapshot, "--target", target, "--no-lock");
  const state = stateOf(join(target, source));
  rmSync(target, { recursive: true });
  return state;
}

/** Kills the command at one point on a copy of the scene, judges what is left, and lets the command run again. */
async function killAndGoOn(
  original: Scene,
  scenario: Scenario,
  point: CrashPoint,
  number: number,
): Promise<Ran["code"]> {
  const scene = copyOf(original, String(number));
  const words = scenario.command(scene);
  const removed = scenario.removes([...scene.expected.keys()]);

  const killed = await runUntilCrash(words, password, point);
  if (point.signal) expectStopped(killed, filesIn(join(scene.repository, "locks")));
  else expect(killed.code, `it was to be killed: ${killed.stdout}${killed.stderr}`).toBeNull();
  await expectWhole(scene, removed);

  const next = await holdfast(words, { password });
  expect(next.code, `the next run: ${next.stdout}${next.stderr}`).toBe(0);
  await expectWhole(scene, removed);
  if (removed.length > 0 && removed.length < scene.expected.size) {
    // Nothing unreferenced is left either.
    await resticFor(scene.repository, password).check();
  } else if (removed.length > 0) {
    expect(filesIn(scene.repository)).toEqual([]);
  } else if (!scenario.onlyReads) {
    expect(await restoredState(scene.repository, snapshotOf(next), scene.source)).toEqual(stateOf(scene.source));
  }
  rmSync(scene.repository, { recursive: true, force: true });
  return killed.code;
}

function copyOf(scene: Scene, suffix: string): Scene {
  const repository = `${scene.repository}-${suffix}`;
  if (existsSync(scene.repository)) cpSync(scene.repository, repository, { recursive: true });
  return { ...scene, repository };
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Each run waits more than it works. */
const concurrentRuns = 4;

async function killEverywhere(
  scene: Scene,
  scenario: Scenario,
  points: readonly NamedPoint[],
): Promise<Set<Ran["code"]>> {
  const codes = new Set<Ran["code"]>();
  await forEachConcurrently(points.entries(), concurrentRuns, async ([number, point]) => {
    const code = await killAndGoOn(scene, scenario, point, number).catch((cause: unknown) => {
      const where = `${point.when} operation ${point.operation} (${point.name})`;
      throw new Error(`Killed ${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    });
    codes.add(code);
  });
  return codes;
}

type NamedPoint = CrashPoint & { readonly name: string };

test.each(scenarios)("killed in $name at every change of the store", async (scenario) => {
  const scene = await makeScene(`killed-${scenario.name.replaceAll(" ", "-")}`, scenario);
  const words = scenario.command(copyOf(scene, "rehearsal"));
  const { ran, operations } = await recordOperations(words, password, scratch.path("operations"));
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  expect(operations.length).toBeGreaterThan(5);
  const points = operations.flatMap((name, at) =>
    (["before", "after"] as const).map((when) => ({ operation: at + 1, when, name })),
  );
  await killEverywhere(scene, scenario, points);
  survived.set(scenario.name, points.length);
});

test.each([...scenarios, ...reading])("told to end in $name", async (scenario) => {
  const scene = await makeScene(`stopped-${scenario.name.replaceAll(" ", "-")}`, scenario);
  const words = scenario.command(copyOf(scene, "rehearsal"));
  const { ran, operations } = await recordAll(words, password, scratch.path("operations"));
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  const points = stopPoints(operations);
  expect(await killEverywhere(scene, scenario, points)).toContain(130);
  stopped.set(scenario.name, points.length);
});
