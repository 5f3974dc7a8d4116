import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forEachConcurrently } from "../../src/repository/concurrency.ts";
import { holdfast, type Ran } from "../support/holdfast.ts";
import { resticFor } from "../support/restic.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { type CrashPoint, recordOperations, runUntilCrash } from "./crash-point.ts";
import { reportKills } from "./report.ts";

/**
 * Rotating the password and repairing the index, killed (SIGKILL) before and after every change of the store: then a known
 * password opens the repository, restic finds it whole, and the same command, once more, finishes the work.
 */

const oldPassword = "the old password";
const newPassword = "the new password";
const concurrentRuns = 4;
let scratch: Scratch;
let original: string;

beforeAll(async () => {
  scratch = makeScratch();
  original = scratch.path("original");
  const source = scratch.path("source");
  mkdirSync(source);
  for (let round = 0; round < 2; round++) {
    writeFileSync(join(source, `file ${round}`), randomBytes(20_000));
    await run(["backup", "--source", source], original);
  }
});
afterAll(() => {
  scratch.remove();
  reportKills(survived);
});

/** How often each command was killed. */
const survived = new Map<string, number>();

const words = (command: readonly string[], repository: string): string[] => [
  "mover",
  ...command,
  "--repository",
  `file://${repository}`,
];

async function run(command: readonly string[], repository: string): Promise<Ran> {
  const ran = await holdfast(words(command, repository), { password: oldPassword });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
}

/** Restic opens the repository with this password, and finds nothing wrong. */
async function isWholeWith(repository: string, password: string): Promise<boolean> {
  const restic = resticFor(repository, password);
  const said = await restic.run("check", "--read-data", "--no-lock").catch((error: Error) => error.message);
  if (said.includes("wrong password")) return false;
  expect(said).toContain("no errors were found");
  expect(await restic.json("snapshots", "--no-lock")).toHaveLength(2);
  return true;
}

interface Scenario {
  readonly name: string;
  readonly command: readonly string[];
  /** After it has ended: what opens the repository, and what must not. */
  readonly opens: string;
  readonly opensNot?: string;
}

const scenarios: readonly Scenario[] = [
  { name: "key rotate", command: ["key", "rotate"], opens: newPassword, opensNot: oldPassword },
  { name: "repair index", command: ["repair", "index"], opens: oldPassword },
];

const environment = { HOLDFAST_NEW_PASSWORD: newPassword };

test.each(scenarios)("killed in $name at every change of the store", async ({ name, command, opens, opensNot }) => {
  const copy = (suffix: string): string => {
    const repository = scratch.path(`${name.replace(" ", "-")}-${suffix}`);
    cpSync(original, repository, { recursive: true });
    return repository;
  };
  const expectFinished = async (repository: string): Promise<void> => {
    expect(await isWholeWith(repository, opens)).toBe(true);
    if (opensNot) expect(await isWholeWith(repository, opensNot)).toBe(false);
  };
  const killAndGoOn = async (point: CrashPoint, number: number): Promise<void> => {
    const repository = copy(String(number));
    const killed = await runUntilCrash(words(command, repository), oldPassword, point, environment);
    expect(killed.code, `it was to be killed: ${killed.stdout}${killed.stderr}`).toBeNull();
    const opened = [await isWholeWith(repository, oldPassword), await isWholeWith(repository, newPassword)];
    expect(opened, "a known password opens it").toContain(true);
    const next = await holdfast(words(command, repository), { password: oldPassword, environment });
    expect(next.code, `the next run: ${next.stdout}${next.stderr}`).toBe(0);
    await expectFinished(repository);
    rmSync(repository, { recursive: true });
  };

  const rehearsal = copy("rehearsal");
  const file = scratch.path("operations");
  const { ran, operations } = await recordOperations(words(command, rehearsal), oldPassword, file, environment);
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  expect(operations.length).toBeGreaterThan(3);
  await expectFinished(rehearsal);
  const points = operations.flatMap((change, at) =>
    (["before", "after"] as const).map((when) => ({ operation: at + 1, when, change })),
  );
  await forEachConcurrently(points.entries(), concurrentRuns, async ([number, point]) => {
    await killAndGoOn(point, number).catch((cause: unknown) => {
      throw new Error(`Killed ${point.when} ${point.change}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    });
  });
  survived.set(name, points.length);
});
