import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkRepository } from "../../src/repository/check.ts";
import { forEachConcurrently } from "../../src/repository/concurrency.ts";
import { reasonOf } from "../../src/repository/errors.ts";
import { loadIndex } from "../../src/repository/load-index.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { listSnapshots } from "../../src/repository/snapshots.ts";
import type { Id } from "../../src/repository/types.ts";
import { restorable } from "../../src/restore/restorable.ts";
import { restoreSnapshot } from "../../src/restore/restore.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { folderState } from "../support/folder-state.ts";
import { resticFor } from "../support/restic.ts";
import { type Ended, makeScene, type Scenario, type Scene, scenarios } from "./fault-scenarios.ts";
import { type Fault, faults } from "./faults.ts";
import { type Counts, type FaultPoint, faultyStore, pointsFor } from "./faulty-storage.ts";
import { type Objects, password } from "./hostile-repository.ts";
import { isLong, writeSection } from "./report.ts";

/**
 * Every kind of storage fault, at every operation of every command: whatever the fault was, every earlier snapshot restores as it
 * was, nothing is damaged, a command that says it is done has done it, and the next run, without a fault and without help, succeeds.
 */

/** Points that the short run takes of a fault and a command, evenly spread; fewer where each opening costs real key derivations. */
const sampled = { cheap: 8, slow: 2 };
/** Plain restic judges every so many trials of the short run, and all of the long one. */
const refereed = isLong ? 1 : 40;
/** Each trial mostly waits for its locks to settle. */
const concurrentTrials = 32;

let folder: string;
const tried = new Map<string, Map<string, number>>();

beforeAll(() => {
  folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "holdfast-faults-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  const isWhole = faults.every(({ name }) => tried.get(name)?.size === scenarios.length);
  if (isWhole) writeSection("Storage faults", reportLines());
});

test.each(scenarios)("$name survives every fault", async (scenario) => {
  const scene = await makeScene(join(folder, `scene-${scenarios.indexOf(scenario)}`), scenario);
  const counts = await rehearse(scene, scenario);
  const points = faults.flatMap((fault) => choosePoints(fault, scenario, counts));
  const failures: string[] = [];
  await forEachConcurrently(points, concurrentTrials, async (point) => {
    const { fault, at } = point;
    await tryPoint(scene, scenario, point).catch((error: unknown) => {
      const where = `${fault.name}, at ${fault.on.join("/")} ${at} of ${pointsFor(fault, counts)}`;
      failures.push(`${where}: ${error instanceof Error ? error.stack : error}`);
    });
  });
  expect(failures.join("\n\n")).toBe("");
  for (const { fault } of points) {
    const row = tried.get(fault.name) ?? new Map<string, number>();
    tried.set(fault.name, row.set(scenario.name, (row.get(scenario.name) ?? 0) + 1));
  }
});

function choosePoints(fault: Fault, { backups, passwords }: Scenario, counts: Counts): FaultPoint[] {
  const all = Array.from({ length: pointsFor(fault, counts) }, (_, before) => ({ fault, at: before + 1 }));
  const most = backups === 0 || passwords !== undefined ? sampled.slow : sampled.cheap;
  if (isLong || all.length <= most) return all;
  const step = all.length / most;
  const offset = faults.indexOf(fault) % Math.ceil(step);
  return all.filter((_, at) => Math.floor((at + offset) / step) !== Math.floor((at + offset - 1) / step));
}

/** Runs the command, and notes how large the store was before. */
async function runOn(scene: Scene, scenario: Scenario, objects: Objects, storage: Storage, attempt: number) {
  const before = sizeOf(objects);
  return { ...(await scenario.run(scene, storage, attempt)), before };
}

/** The command without a fault does its work, and the operations that takes are counted. */
async function rehearse(scene: Scene, scenario: Scenario): Promise<Counts> {
  const objects: Objects = new Map(scene.objects);
  const { storage, counts } = faultyStore(objects);
  const ended = await runOn(scene, scenario, objects, storage, 0);
  expect(ended).toMatchObject({ isDone: true });
  await expectDone(scene, scenario, objects, ended);
  return counts;
}

async function tryPoint(scene: Scene, scenario: Scenario, point: FaultPoint): Promise<void> {
  const objects: Objects = new Map(scene.objects);
  const faulty = faultyStore(objects, point);
  const ended = await runOn(scene, scenario, objects, faulty.storage, 0);
  expect(faulty.struck(), "the fault was to strike").toBeGreaterThan(0);
  if (!ended.isDone) expect(ended.said).not.toBe("");
  expect(ended.said).not.toContain("should not happen");
  await expectWhole(scene, scenario, objects);
  if (ended.isDone) await expectDone(scene, scenario, objects, ended);
  if (point.at % refereed === faults.indexOf(point.fault) % refereed) await expectResticContent(scenario, objects);

  const next = await runOn(scene, scenario, objects, memoryStorage(objects), 1);
  expect(next.isDone, `the next run: ${next.said}; this one said: ${ended.said || "done"}`).toBe(true);
  await expectWhole(scene, scenario, objects);
  await expectDone(scene, scenario, objects, next);
  if (scenario.leavesNothing) expect(await findings(objects, [password])).toEqual({ problems: [], hints: [] });
}

/** Every snapshot that nobody asked to remove is there, every one that is there restores as it was, and nothing is damaged. */
async function expectWhole(scene: Scene, scenario: Scenario, objects: Objects): Promise<void> {
  const removed = scenario.removes([...scene.expected.keys()]);
  const staying = [...scene.expected.keys()].filter((id) => !removed.includes(id));
  if (!objects.has("config")) {
    expect(staying, "without its config a repository is gone").toEqual([]);
    return;
  }
  const passwords = scenario.passwords ?? [password];
  expect((await findings(objects, passwords)).problems).toEqual([]);
  const repository = await openWithAny(objects, passwords);
  const present = new Set((await listSnapshots(repository)).map(({ id }) => id));
  for (const [id, state] of scene.expected) {
    if (staying.includes(id)) expect(present, "a snapshot is gone").toContain(id);
    if (present.has(id)) expect(await restored(objects, passwords, id)).toEqual(state);
  }
}

/** What a command says it did is so. */
async function expectDone(
  scene: Scene,
  scenario: Scenario,
  objects: Objects,
  ended: Ended & { readonly before: number },
): Promise<void> {
  const removed = scenario.removes([...scene.expected.keys()]);
  for (const id of removed) expect([...objects.keys()], "it was to be removed").not.toContain(`snapshots/${id}`);
  if (removed.length > 0 && removed.length === scene.expected.size) expect([...objects.keys()]).toEqual([]);
  if (ended.wrote !== undefined) {
    expect(await restored(objects, [password], ended.wrote)).toEqual(folderState(scene.source));
  }
  if (ended.freed !== undefined) expect(ended.freed).toBeLessThanOrEqual(ended.before - sizeOf(objects));
  const [opens, ...opensNot] = scenario.passwords ?? [];
  if (opens !== undefined) await openRepository({ storage: memoryStorage(objects), password: opens });
  for (const old of opensNot) {
    await expect(openRepository({ storage: memoryStorage(objects), password: old })).rejects.toMatchObject({
      reason: "WrongPassword",
    });
  }
}

const sizeOf = (objects: Objects): number => [...objects.values()].reduce((sum, { length }) => sum + length, 0);

async function openWithAny(objects: Objects, passwords: readonly string[]) {
  for (const each of passwords) {
    try {
      return await openRepository({ storage: memoryStorage(objects), password: each });
    } catch (error) {
      if (reasonOf(error) !== "WrongPassword") throw error;
    }
  }
  throw new Error("No known password opens the repository.");
}

async function findings(objects: Objects, passwords: readonly string[]) {
  const repository = await openWithAny(objects, passwords);
  const { problems, hints } = await checkRepository({ repository, readData: true });
  return { problems, hints };
}

let targets = 0;

async function restored(objects: Objects, passwords: readonly string[], id: Id): Promise<Record<string, string>> {
  const repository = await openWithAny(objects, passwords);
  const snapshot = (await listSnapshots(repository)).find((each) => each.id === id);
  if (!snapshot) throw new Error(`The snapshot ${id} is not there.`);
  const target = join(folder, `restored-${targets++}`);
  const { signal } = new AbortController();
  const source = restorable(await loadIndex(repository));
  const { failedPaths } = await restoreSnapshot({ repository: source, snapshot, target, include: [], signal });
  expect(failedPaths).toEqual([]);
  const state = folderState(target);
  rmSync(target, { recursive: true });
  return state;
}

/** Plain restic, which knows nothing of us, finds every byte in its place. */
async function expectResticContent(scenario: Scenario, objects: Objects): Promise<void> {
  if (!objects.has("config")) return;
  const repository = join(folder, `restic-${targets++}`);
  for (const [key, bytes] of objects) {
    mkdirSync(dirname(join(repository, key)), { recursive: true });
    writeFileSync(join(repository, key), bytes);
  }
  for (const part of ["keys", "locks", "snapshots", "index", "data"])
    mkdirSync(join(repository, part), { recursive: true });
  const opening = await passwordThatOpens(objects, scenario.passwords ?? [password]);
  const said = await resticFor(repository, opening).run("check", "--read-data", "--no-lock");
  expect(said).toContain("no errors were found");
  rmSync(repository, { recursive: true });
}

async function passwordThatOpens(objects: Objects, passwords: readonly string[]): Promise<string> {
  for (const each of passwords) {
    const opened = await openWithAny(objects, [each]).catch(() => undefined);
    if (opened) return each;
  }
  throw new Error("No known password opens the repository.");
}

function reportLines(): string[] {
  const names = scenarios.map(({ name }) => name);
  const rows = faults.flatMap((fault: Fault) => {
    const row = tried.get(fault.name);
    return row ? [`| ${[fault.name, ...names.map((name) => row.get(name) ?? 0)].join(" | ")} |`] : [];
  });
  return [
    "Each number is at how many operations of the command the fault struck, one run for each; all of them survived: the repository",
    "was whole, every earlier snapshot restored identically, what was called done was done, and the next run succeeded.",
    "",
    `| fault | ${names.join(" | ")} |`,
    `|---|${names.map(() => "--:").join("|")}|`,
    ...rows,
  ];
}
