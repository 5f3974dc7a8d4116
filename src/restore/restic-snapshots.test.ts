import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { folderState } from "../../test/support/folder-state.ts";
import { opened } from "../../test/support/repository.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore.ts";
import { newFolder } from "./testing.ts";

describe("restoreSnapshot of what restic wrote", () => {
  const { signal } = new AbortController();
  const restore = (target: string, options: Pick<RestoreOptions, "repository" | "snapshot">) =>
    restoreSnapshot({ ...options, target, include: [], signal });

  let place: string;
  const restic = (cwd: string, ...words: string[]) => {
    const env = { ...process.env, RESTIC_PASSWORD: "test password" };
    execFileSync(process.env.RESTIC || "restic", ["-r", place, "--no-cache", ...words], { env, cwd, stdio: "pipe" });
  };
  beforeAll(() => {
    place = newFolder();
    restic("/", "init", "--repository-version", "2");
  });
  const resticBackup = (cwd: string, ...paths: string[]) => {
    restic(cwd, "backup", ...paths);
    return opened(place);
  };
  const make = () => {
    const folder = newFolder();
    mkdirSync(join(folder, "data/sub"), { recursive: true });
    writeFileSync(join(folder, "data/file"), "content");
    writeFileSync(join(folder, "data/sub/other"), "more");
    return folder;
  };

  it.each([
    ["an absolute path", (folder: string) => ["/", join(folder, "data")]],
    ["a relative path", (folder: string) => [folder, "data"]],
    ["the folder itself", (folder: string) => [join(folder, "data"), "."]],
  ])("puts the content of %s into the target", async (_, words) => {
    const folder = make();
    const [cwd = "", path = ""] = words(folder);
    const target = newFolder();
    await restore(target, await resticBackup(cwd, path));
    expect(folderState(target)).toEqual(folderState(join(folder, "data")));
  });

  it("puts a single file into the target", async () => {
    const folder = make();
    const target = newFolder();
    await restore(target, await resticBackup(folder, join(folder, "data/file")));
    expect(readdirSync(target)).toEqual(["file"]);
  });

  it("keeps several paths apart by their whole names", async () => {
    const folder = make();
    const target = newFolder();
    await restore(target, await resticBackup("/", join(folder, "data/file"), join(folder, "data/sub")));
    expect(readFileSync(join(target, folder, "data/sub/other"), "utf8")).toBe("more");
    expect(readFileSync(join(target, folder, "data/file"), "utf8")).toBe("content");
  });
});
