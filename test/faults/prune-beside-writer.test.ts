import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast, type Ran, type Running } from "../support/holdfast.ts";
import { resticFor } from "../support/restic.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { recordOperations, startUntil } from "./crash-point.ts";
import { stateOf } from "./state-of.ts";

/**
 * Pruning and a writer of the same chain, each halted (SIGSTOP) in the middle of its work while the other one comes: that one is refused and
 * changes nothing, or waits where it is told to, and in the end nothing is lost.
 */

const password = "beside";
let scratch: Scratch;
let source: string;
let original: string;

beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  original = scratch.path("original");
  mkdirSync(source);
  // What stays of the first pack has to be rewritten.
  writeFileSync(join(source, "constant"), randomBytes(20_000));
  for (let round = 0; round < 3; round++) {
    writeFileSync(join(source, "changing"), randomBytes(20_000));
    await expectCode(holdfast(backup(original), { password }), 0);
  }
  writeFileSync(join(source, "changing"), randomBytes(20_000));
});
afterAll(() => scratch.remove());

type Command = (repository: string) => string[];
const backup: Command = (repository) => ["mover", "backup", "--source", source, "--repository", `file://${repository}`];
const prune: Command = (repository) => [
  ...["mover", "forget", "--keep-last", "1", "--prune", "--max-unused", "0", "--repository", `file://${repository}`],
];
/** Of the snapshots that there were: a chain that has others is not dropped. */
const removeChain: Command = (repository) => {
  const snapshots = readdirSync(join(original, "snapshots"));
  const chain = { chain: "only", repository: { url: `file://${repository}` }, snapshots, dropWhenEmpty: true };
  const waitSeconds = 0;
  const config = {
    targets: [{ name: "one", chains: [chain] }],
    lock: { holder: "the test", deadHolders: [], waitSeconds },
  };
  writeFileSync(`${repository}.json`, JSON.stringify(config));
  return ["mover", "forget", "--config", `${repository}.json`, "--json"];
};

async function expectCode(run: Promise<Ran>, code: number): Promise<Ran> {
  const ran = await run;
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
}

/** Starts a command that halts itself before the first change of the store like `moment`. */
async function halted(command: Command, repository: string, moment: RegExp): Promise<Running> {
  const rehearsal = copy();
  const { operations } = await recordOperations(command(rehearsal), password, `${rehearsal}.operations`);
  const operation = operations.findIndex((name) => moment.test(name)) + 1;
  expect(operation, operations.join(", ")).toBeGreaterThan(0);
  const running = startUntil(command(repository), password, { operation, when: "before", signal: "SIGSTOP" });
  while (!isHalted(running)) await sleep(20);
  return running;
}

function isHalted({ process: { pid, exitCode } }: Running): boolean {
  expect(exitCode, "it was to halt").toBeNull();
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

let copies = 0;
function copy(): string {
  const repository = scratch.path(`copy-${copies++}`);
  cpSync(original, repository, { recursive: true });
  return repository;
}

/** All files but locks, which come and go. */
const filesOf = (repository: string): string[] =>
  readdirSync(repository, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("locks/"))
    .sort();

const cases = [
  { first: backup, second: prune, name: "prune beside a backup", moment: /^put data/ },
  { first: backup, second: prune, name: "prune beside a backup", moment: /^put index/ },
  { first: backup, second: prune, name: "prune beside a backup", moment: /^put snapshots/ },
  { first: prune, second: backup, name: "a backup beside prune", moment: /^delete snapshots/ },
  { first: prune, second: backup, name: "a backup beside prune", moment: /^put data/ },
  { first: prune, second: backup, name: "a backup beside prune", moment: /^delete index/ },
  { first: prune, second: backup, name: "a backup beside prune", moment: /^delete data/ },
];

// Each waits more than it works.
test.concurrent.each(cases)("$name, halted at $moment", async ({ first, second, moment }) => {
  const repository = copy();
  const running = await halted(first, repository, moment);
  let waiting: Promise<Ran>;
  try {
    const before = filesOf(repository);
    const refused = await expectCode(holdfast(second(repository), { password }), 11);
    expect(refused.stdout + refused.stderr).toMatch(/is in use/);
    expect(filesOf(repository)).toEqual(before);
    waiting = holdfast([...second(repository), "--wait-for-lock", "300"], { password });
    await sleep(1000);
    expect(filesOf(repository)).toEqual(before);
  } finally {
    running.process.kill("SIGCONT");
  }
  await expectCode(running.ended, 0);
  await expectCode(waiting, 0);
  await expectNewestWhole(repository);
  // What the first one was refused to do, or did beside old data, is whole for the next one, too.
  await expectCode(holdfast(prune(repository), { password }), 0);
  await resticFor(repository, password).check();
});

test.concurrent("the removal of a chain is refused while a backup adds to it", async () => {
  const repository = copy();
  const running = await halted(backup, repository, /^put snapshots/);
  try {
    const before = filesOf(repository);
    await expectCode(holdfast(removeChain(repository), { password }), 11);
    expect(filesOf(repository)).toEqual(before);
  } finally {
    running.process.kill("SIGCONT");
  }
  await expectCode(running.ended, 0);
  // By now the chain has a snapshot that the removal knows nothing of.
  await holdfast(removeChain(repository), { password });
  await expectNewestWhole(repository);
});

async function expectNewestWhole(repository: string): Promise<void> {
  const restic = resticFor(repository, password);
  await restic.run("check", "--read-data");
  const target = `${repository}-restored`;
  await restic.run("restore", "latest", "--target", target);
  expect(stateOf(join(target, source))).toEqual(stateOf(source));
  rmSync(target, { recursive: true });
}
