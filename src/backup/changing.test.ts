import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { opened } from "../../test/support/repository.ts";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { makeSparse } from "../../test/support/sparse-file.ts";
import { isIncomplete } from "../repository/snapshots.ts";
import { findNode, readTree } from "../repository/tree.ts";
import { restoreSnapshot } from "../restore/restore.ts";
import { filesystemStorage } from "../storage/filesystem.ts";
import { runBackup } from "./run.ts";

// Somebody writes to a file while it is being read.

const MiB = 1024 * 1024;
const password = "test password";
let scratch: Scratch;
let source: string;
let path: string;

beforeEach(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  path = scratch.path("source/file");
  mkdirSync(source);
  writeFileSync(scratch.path("source/another"), "that nobody touches");
});
afterEach(() => scratch.remove());

/** Backs up; `change` is called when some of the file has been read, as often as it is read. */
async function backUpWhile(change: (time: number) => void) {
  const storage = filesystemStorage(scratch.path("repository"));
  let [times, before] = [0, 0];
  const result = await runBackup({
    config: {
      source,
      type: "Incremental",
      path: "/data",
      tags: [],
      excludes: [],
      targets: [{ name: "one", repository: { url: "one" }, expect: "Any" }],
      lock: { holder: "test", deadHolders: [], waitSeconds: 0 },
    },
    open: () => ({ storage, password }),
    onProgress({ bytesDone }) {
      if (before < 2 * MiB && bytesDone >= 2 * MiB) change(times++);
      before = bytesDone;
    },
  });
  expect(times, "the file was not read").toBeGreaterThan(0);
  return result;
}

const overwrite = (offset: number) => {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, randomBytes(1000), 0, 1000, offset);
  closeSync(descriptor);
};

/** Each happens again whenever the file is read again. */
const changes: readonly (readonly [string, (time: number) => void])[] = [
  ["grows", () => appendFileSync(path, "more")],
  ["shrinks", (time) => truncateSync(path, (4 - time) * MiB)],
  ["is written to, where it has been read", () => overwrite(0)],
  ["is written to, where it has not been read", () => overwrite(5 * MiB)],
  [
    "is written to, with its old time put back",
    () => {
      overwrite(5 * MiB);
      utimesSync(path, 1, 1);
    },
  ],
  ["gets another attribute", (time) => void execFileSync("setfattr", ["-n", "user.x", "-v", `${time}`, path])],
  [
    "is replaced by another",
    () => {
      writeFileSync(`${path}.new`, randomBytes(6 * MiB));
      renameSync(`${path}.new`, path);
    },
  ],
  ["is removed", () => rmSync(path, { force: true })],
  [
    "becomes a fifo",
    () => {
      rmSync(path, { force: true });
      execFileSync("mkfifo", [path]);
    },
  ],
  [
    "becomes a link",
    () => {
      rmSync(path, { force: true });
      execFileSync("ln", ["-s", "another", path]);
    },
  ],
];

const kinds = {
  "A file": () => writeFileSync(path, randomBytes(6 * MiB)),
  "A long file, which is not read twice,": () => writeFileSync(path, randomBytes(70 * MiB)),
  "A sparse file": () => makeSparse(path, 70 * MiB, [0, 3 * MiB, 6 * MiB, 69 * MiB]),
};
const cases = [
  ...changes.map(([what, change]) => ({ kind: "A file" as const, what, change })),
  ...changes.slice(0, 3).map(([what, change]) => ({ kind: "A sparse file" as const, what, change })),
  ...changes
    .slice(0, 1)
    .map(([what, change]) => ({ kind: "A long file, which is not read twice," as const, what, change })),
];

describe("What changes while it is read", () => {
  it.each(cases)("is reported, and what there is of it can be restored: $kind that $what", async ({ kind, change }) => {
    kinds[kind]();
    const result = await backUpWhile(change);
    expect(result).toMatchObject({ state: "Incomplete", reason: "ReadErrors", errors: 1 });
    expect(result.failedPaths).toEqual([expect.stringMatching(/^file: (?!.*\/proc)/)]);

    const { repository, snapshot } = await opened(scratch.path("repository"));
    expect(isIncomplete(snapshot)).toBe(true);
    const folder = await findNode(repository, snapshot.tree, "/data");
    const nodes = await readTree(repository, folder?.subtree ?? "no folder");
    expect(nodes.filter(({ name }) => `${name}` === "file").map(({ error }) => typeof error)).not.toContain(
      "undefined",
    );
    const target = scratch.path("target");
    const { signal } = new AbortController();
    expect(await restoreSnapshot({ repository, snapshot, target, include: [], signal })).toMatchObject({ errors: 0 });
  });
});

it.each<[string, () => void, number]>([
  ["grows", () => appendFileSync(path, "more"), 6 * MiB + 4],
  ["is emptied", () => truncateSync(path, 0), 0],
])("A file that %s once is read again, and is good", async (_, change, size) => {
  kinds["A file"]();
  const result = await backUpWhile((time) => time === 0 && change());
  expect(result).toMatchObject({ state: "Good", errors: 0, bytes: size + "that nobody touches".length });
});
