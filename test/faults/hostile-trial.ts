import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diff } from "../../src/browse/diff.ts";
import { find } from "../../src/browse/find.ts";
import { findFilter } from "../../src/browse/find-filter.ts";
import { list } from "../../src/browse/list.ts";
import { locate } from "../../src/browse/locate.ts";
import { statsOf } from "../../src/browse/stats.ts";
import { tarStream } from "../../src/browse/tar.ts";
import { checkRepository } from "../../src/repository/check.ts";
import { idOf } from "../../src/repository/crypto.ts";
import { reasonOf } from "../../src/repository/errors.ts";
import { loadIndex } from "../../src/repository/load-index.ts";
import type { HeldLock } from "../../src/repository/locks.ts";
import { prune } from "../../src/repository/prune.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { findSnapshot, listSnapshots } from "../../src/repository/snapshots.ts";
import type { Id, Repository } from "../../src/repository/types.ts";
import { restorable } from "../../src/restore/restorable.ts";
import { restoreSnapshot } from "../../src/restore/restore.ts";
import { verifyFolder } from "../../src/restore/verify.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import { type Objects, password } from "./hostile-repository.ts";

/** What may come out of a mutant. */
export interface Allowed {
  /** Whole snapshots, by id: every file is as it was, or its path is reported. */
  readonly snapshots: ReadonlyMap<Id, Readonly<Record<string, Id>>>;
  /** SHA-256 of contents that files of other snapshots may have: an attacker with the key may write new ones. */
  readonly contents: ReadonlySet<Id>;
}

export interface Trial {
  /** What was said of the mutant by each step: `fine`, `problems`, or the reason of its error. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** Rules that were broken. Empty for a survivor. */
  readonly broken: readonly string[];
}

/** A folder with a canary beside the target of restores. */
export interface Sandbox {
  readonly target: string;
  /** What is not as it was outside the target. */
  strays(): string[];
  clear(): void;
}

export function makeSandbox(folder: string): Sandbox {
  const inside = join(folder, "inside");
  const canary = join(folder, "canary");
  const target = join(inside, "target");
  mkdirSync(inside, { recursive: true });
  writeFileSync(canary, "canary");
  return {
    target,
    strays() {
      const found = [...readdirSync(folder), ...readdirSync(inside)].sort();
      const extra = found.filter((name) => !["canary", "inside", "target"].includes(name));
      return readFileSync(canary, "utf8") === "canary" ? extra : [...extra, "the canary was written to"];
    },
    clear() {
      try {
        rmSync(target, { recursive: true, force: true });
      } catch {
        // Folders may be nested deeper than Node's own removal goes.
        execFileSync("rm", ["-rf", target]);
      }
    },
  };
}

/** Opens, lists, checks, restores, verifies, browses and prunes a mutant. Never rejects. */
export async function tryMutant(objects: Objects, allowed: Allowed, sandbox: Sandbox): Promise<Trial> {
  const verdicts: Record<string, string> = {};
  const broken: string[] = [];
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work();
      verdicts[name] ??= "fine";
      return result;
    } catch (error) {
      verdicts[name] = reasonOf(error);
      if (verdicts[name] === "InternalError") broken.push(`${name} failed with ${(error as Error).stack}`);
      return undefined;
    }
  };
  const repository = await step("open", () => openRepository({ storage: memoryStorage(objects), password }));
  if (!repository) return { verdicts, broken };
  await step("list", () => listSnapshots(repository));
  await step("check", async () => {
    const { problems } = await checkRepository({ repository, readData: true });
    if (problems.length > 0) verdicts.check = "problems";
  });
  await step("restore", () => restoreAndJudge({ repository, allowed, sandbox, verdicts, broken }));
  await step("browse", () => browse(repository));
  const removed = await step("prune", () => prune({ repository, lock, maxUnusedShare: 0 }));
  if (removed && removed.packsRemoved + removed.packsRewritten > 0) {
    await step("restore after prune", () => restoreAndJudge({ repository, allowed, sandbox, verdicts, broken }));
    if (verdicts.restore === "fine" && verdicts["restore after prune"] !== "fine") broken.push("prune lost data");
  }
  return { verdicts, broken };
}

/** Looks at all there is, in every way there is. */
async function browse(repository: Repository): Promise<void> {
  const snapshots = await listSnapshots(repository);
  const indexed = await loadIndex(repository);
  const source = restorable(indexed);
  const [first, last] = [snapshots.at(0), snapshots.at(-1)];
  if (!first || !last) return;
  const errors: unknown[] = [];
  const attempt = (work: () => Promise<unknown>) => work().catch((error: unknown) => errors.push(error));
  const filter = findFilter({ patterns: ["*", "/**/x"] }, 0);
  await attempt(() => drain(find({ source, snapshots, filter, signal })));
  await attempt(() => drain(list({ source, snapshot: last, paths: [], recursive: true, signal })));
  await attempt(async () => {
    const place = await locate(source, last, "/");
    await drain(tarStream({ source, place, signal, onLeftOut: () => {} }));
  });
  await attempt(() => statsOf(indexed, snapshots, signal));
  const sides = { before: first.tree, after: last.tree };
  await attempt(() => diff({ repository: indexed, ...sides, metadata: true, signal, onChange: async () => {} }));
  const worst = errors.find((error) => reasonOf(error) === "InternalError") ?? errors[0];
  if (worst) throw worst;
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const signal = new AbortController().signal;
/** Nobody else has a store in memory. */
const lock: HeldLock = { exclusive: true, signal, confirm: async () => {} };

interface Judgement {
  readonly repository: Repository;
  readonly allowed: Allowed;
  readonly sandbox: Sandbox;
  readonly verdicts: Record<string, string>;
  readonly broken: string[];
}

async function restoreAndJudge({ repository, allowed, sandbox, verdicts, broken }: Judgement): Promise<void> {
  const { target } = sandbox;
  try {
    const snapshot = await findSnapshot(repository, "latest");
    const source = restorable(await loadIndex(repository));
    const options = { repository: source, snapshot, target, include: [], signal };
    const restored = await restoreSnapshot(options);
    const found = regularFiles(target);
    const expected = allowed.snapshots.get(snapshot.id);
    const isReported = (path: string) =>
      restored.failedPaths.some((failed) => failed === path || isBelow(path, failed));
    for (const [path, hash] of Object.entries(found)) {
      const isRight = expected ? expected[path] === hash : allowed.contents.has(hash);
      // Content that is right, with metadata that could not be set, is reported and stays.
      if (!isRight)
        broken.push(`${path} was restored with wrong content${isReported(path) ? ", though reported" : ""}`);
    }
    for (const path of Object.keys(expected ?? {})) {
      if (!(path in found) && !isReported(path)) broken.push(`${path} is missing and not reported`);
    }
    if (restored.errors > 0) verdicts.restore = "paths reported";
    const verified = await verifyFolder(options);
    const surprises = verified.failedPaths.filter((path) => !isReported(path));
    if (surprises.length > 0 && restored.errors === 0) {
      broken.push(`restored as good, but verification says otherwise: ${verified.failures[0]?.message}`);
    }
  } finally {
    for (const stray of sandbox.strays()) broken.push(`outside the target: ${stray}`);
    sandbox.clear();
  }
}

const isBelow = (path: string, folder: string): boolean => path.startsWith(folder === "/" ? "/" : `${folder}/`);

function regularFiles(folder: string): Record<string, Id> {
  const found: Record<string, Id> = {};
  const pending = [Buffer.alloc(0)];
  for (let at = pending.pop(); at; at = pending.pop()) {
    const path = Buffer.concat([Buffer.from(folder), at]);
    // Deeper than this nothing but folders is ever made.
    if (path.length > 3500) break;
    const status = lstatSync(path);
    if (status.isFile()) found[at.toString()] = idOf(readFileSync(path));
    if (!status.isDirectory()) continue;
    for (const name of readdirSync(path, { encoding: "buffer" })) {
      pending.push(Buffer.concat([at, Buffer.from("/"), name]));
    }
  }
  return found;
}
