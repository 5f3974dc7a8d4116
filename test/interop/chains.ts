import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { folderState } from "../support/folder-state.ts";
import { holdfast } from "../support/holdfast.ts";
import { resticFor } from "../support/restic.ts";
import { type ResticVersion, resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

export const password = "test password";
const [older] = await resticVersions();

/** One run on a source, and what it left in the store. */
export interface Run {
  readonly type: string;
  readonly snapshot: string;
  readonly packs: ReadonlySet<string>;
  readonly state: Record<string, string>;
  readonly message: string | undefined;
}

export interface Chain {
  readonly source: string;
  readonly repository: string;
  readonly runs: Run[];
}

type Result = {
  readonly targets: readonly { type: string; snapshot: string; message?: string; bytesAdded: number }[];
};

export const packsIn = (repository: string): Set<string> =>
  new Set(
    readdirSync(join(repository, "data"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name),
  );

export function removePacks(repository: string, packs: Iterable<string>): void {
  for (const pack of packs) rmSync(join(repository, "data", pack.slice(0, 2), pack));
}

/** Chains for the tests of one file, in folders that are removed behind the last one. */
export function useChains() {
  let scratch: Scratch;
  let folders = 0;

  beforeAll(() => {
    scratch = makeScratch();
  });
  afterAll(() => scratch?.remove());

  const newFolder = () => scratch.path(`folder-${folders++}`);

  const newChain = (): Chain => {
    const source = newFolder();
    mkdirSync(source);
    return { source, repository: newFolder(), runs: [] };
  };

  /** Restored by us, who compare it once more, and by restic. */
  async function expectRestores(
    repository: string,
    source: string,
    { snapshot, state }: Run,
    { binary }: ResticVersion = older,
  ): Promise<void> {
    const ours = newFolder();
    await mover(repository, ["restore", "--snapshot", snapshot, "--target", ours, "--verify"]);
    expect(folderState(ours, { root: true })).toEqual(state);
    const theirs = newFolder();
    await resticFor(repository, password, {}, binary).run("restore", snapshot, "--target", theirs, "--no-lock");
    expect(folderState(join(theirs, source), { root: true })).toEqual(state);
    for (const folder of [ours, theirs]) rmSync(folder, { recursive: true });
  }

  return { newFolder, newChain, mover, run, resticRun, expectRestores };
}

/** Our program with no restic at hand; `code` is how it is to end. */
async function mover(folder: string, words: readonly string[], code = 0) {
  const ran = await holdfast(["mover", ...words, "--repository", `file://${folder}`], {
    password,
    environment: { PATH: "/nowhere" },
  });
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(code);
  return ran;
}

/** Backs up and notes which packs are new. */
async function run({ source, repository, runs }: Chain, type: "Full" | "Incremental" | "Differential"): Promise<Run> {
  const before = runs.length === 0 ? new Set<string>() : packsIn(repository);
  const ran = await mover(repository, ["backup", "--source", source, "--type", type, "--json"]);
  const target = ran.result<Result>().targets[0];
  expect(target).toMatchObject({ type });
  const done = {
    type,
    snapshot: target?.snapshot ?? "",
    packs: packsIn(repository).difference(before),
    state: folderState(source, { root: true }),
    message: target?.message,
  };
  runs.push(done);
  return done;
}

async function resticRun({ source, repository, runs }: Chain): Promise<void> {
  const before = packsIn(repository);
  await resticFor(repository, password).run("backup", source);
  const state = folderState(source, { root: true });
  const [newest] = await resticFor(repository, password).json<{ id: string }[]>("snapshots", "--latest", "1");
  runs.push({
    type: "restic",
    snapshot: newest?.id ?? "",
    packs: packsIn(repository).difference(before),
    state,
    message: undefined,
  });
}
