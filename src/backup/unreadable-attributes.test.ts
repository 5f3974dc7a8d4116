import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { opened } from "../../test/support/repository.ts";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { restoreSnapshot } from "../restore/restore.ts";
import { filesystemStorage } from "../storage/filesystem.ts";
import { runBackup } from "./run.ts";

let scratch: Scratch;
beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

it("An attribute that cannot be recorded is an error of its path, and the rest is kept", async () => {
  mkdirSync(scratch.path("source"));
  mkdirSync(scratch.path("source/folder"));
  writeFileSync(scratch.path("source/folder/file"), "content");
  writeFileSync(scratch.path("source/good"), "good");
  const unnameable = "setfattr -n $'user.\\xff' \"$@\"";
  execFileSync("bash", ["-c", unnameable, "bash", scratch.path("source/folder"), scratch.path("source/folder/file")]);

  const result = await runBackup({
    config: {
      source: scratch.path("source"),
      type: "Incremental",
      tags: [],
      excludes: [],
      targets: [{ name: "one", repository: { url: "one" }, expect: "Any" }],
      lock: { holder: "test", deadHolders: [], waitSeconds: 0 },
    },
    open: () => ({ storage: filesystemStorage(scratch.path("repository")), password: "test password" }),
  });
  expect(result).toMatchObject({ state: "Incomplete", reason: "ReadErrors", errors: 2 });
  expect(result.failedPaths).toEqual([
    expect.stringMatching(/^folder: its extended attributes could not be listed: .*not UTF-8/),
    expect.stringMatching(/^folder\/file: its extended attributes could not be listed: .*not UTF-8/),
  ]);

  const target = scratch.path("target");
  const { signal } = new AbortController();
  await restoreSnapshot({ ...(await opened(scratch.path("repository"))), target, include: [], signal });
  expect(readFileSync(`${target}/folder/file`, "utf8")).toBe("content");
});
