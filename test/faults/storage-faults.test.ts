import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forEachConcurrently } from "../../src/repository/concurrency.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import { repositoryScenarios } from "./fault-scenarios.ts";
import { type Scenario, type Subject, sizeOf } from "./fault-subject.ts";
import { type Fault, faults } from "./faults.ts";
import { type FaultPoint, faultyStore, type Operation, pointsFor } from "./faulty-storage.ts";
import type { Objects } from "./hostile-repository.ts";
import { mirrorScenarios } from "./mirror-scenarios.ts";
import { isLong, writeSection } from "./report.ts";

/**
 * Every kind of storage fault, at every operation of every command: whatever the fault was, every earlier snapshot restores as it
 * was, nothing is damaged, a command that says it is done has done it, and the next run, without a fault and without help, succeeds.
 */

/** Points that the short run takes of a fault and a command, evenly spread. */
const sampled = 8;
/** Plain restic judges every so many trials: each time it costs as much as a dozen of them. */
const refereed = isLong ? 20 : 40;
/** Each trial mostly waits for its locks to settle. */
const concurrentTrials = 32;

const scenarios: readonly Scenario[] = [...repositoryScenarios, ...mirrorScenarios];

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
  const subject = await scenario.prepare(join(folder, String(scenarios.indexOf(scenario))));
  const operations = await rehearse(subject);
  const points = faults.flatMap((fault) => choosePoints(fault, operations));
  const failures: string[] = [];
  await forEachConcurrently(points, concurrentTrials, async (point) => {
    const { fault, at } = point;
    await tryPoint(subject, point).catch((error: unknown) => {
      const where = `${fault.name}, at ${fault.on.join("/")} ${at} of ${pointsFor(fault, operations)}`;
      failures.push(`${where}: ${error instanceof Error ? error.stack : error}`);
    });
  });
  expect(failures.join("\n\n")).toBe("");
  for (const fault of faults) {
    const row = tried.get(fault.name) ?? new Map<string, number>();
    tried.set(fault.name, row.set(scenario.name, points.filter((point) => point.fault === fault).length));
  }
});

function choosePoints(fault: Fault, operations: readonly Operation[]): FaultPoint[] {
  const all = Array.from({ length: pointsFor(fault, operations) }, (_, before) => ({ fault, at: before + 1 }));
  if (isLong || all.length <= sampled) return all;
  const step = all.length / sampled;
  const offset = faults.indexOf(fault) % Math.ceil(step);
  return all.filter((_, at) => Math.floor((at + offset) / step) !== Math.floor((at + offset - 1) / step));
}

/** The command without a fault does its work, and the operations that takes are recorded. */
async function rehearse(subject: Subject): Promise<readonly Operation[]> {
  const objects: Objects = new Map(subject.objects);
  const { storage, operations } = faultyStore({ ...subject, objects });
  const ended = await subject.run(storage, 0);
  expect(ended).toMatchObject({ isDone: true });
  await subject.judge.expectDone(objects, ended, sizeOf(subject.objects));
  return operations;
}

async function tryPoint(subject: Subject, point: FaultPoint): Promise<void> {
  const { judge, prefix } = subject;
  const objects: Objects = new Map(subject.objects);
  const faulty = faultyStore({ ...subject, objects }, point);
  const ended = await subject.run(faulty.storage, 0);
  expect(faulty.struck(), "the fault was to strike").toBeGreaterThan(0);
  if (!ended.isDone) expect(ended.said).not.toBe("");
  expect(ended.said).not.toContain("should not happen");
  await judge.expectWhole(objects);
  if (ended.isDone) await judge.expectDone(objects, ended, sizeOf(subject.objects));
  const isRefereed = point.at % refereed === faults.indexOf(point.fault) % refereed;
  if (isRefereed) await judge.expectResticContent?.(objects);

  const before = sizeOf(objects);
  const next = await subject.run(memoryStorage(objects, prefix), 1);
  expect(next.isDone, `the next run: ${next.said}; this one said: ${ended.said || "done"}`).toBe(true);
  await judge.expectWhole(objects);
  await judge.expectDone(objects, next, before);
  await judge.expectClean(objects);
}

function reportLines(): string[] {
  const names = scenarios.map(({ name }) => name);
  const rows = faults.flatMap((fault: Fault) => {
    const row = tried.get(fault.name);
    return row ? [`| ${[fault.name, ...names.map((name) => row.get(name) || "–")].join(" | ")} |`] : [];
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
