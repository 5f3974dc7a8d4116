import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { compilePrograms, type GoModule, programFolder } from "../cluster/go-programs.ts";
import { step } from "../cluster/progress.ts";
import { checkout } from "../cluster/settings.ts";

/** One restic among those that judge us. */
export interface ResticVersion {
  /** As `0.19.1`. */
  readonly version: string;
  readonly binary: string;
}

const module: GoModule = {
  folder: join(checkout, "test/interop/restic"),
  flags: ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"],
};
const command = "github.com/restic/restic/cmd/restic";

/** The system's own restic (0.14 on Debian 12), and the newest one, as its Go module is pinned. */
export async function resticVersions(): Promise<readonly [ResticVersion, ResticVersion]> {
  return [describe(process.env.RESTIC || "restic"), await newestRestic()];
}

/** Builds the pinned restic, which takes about a minute once per machine, or finds it in the cache. */
export async function newestRestic(): Promise<ResticVersion> {
  const folder = await programFolder(module);
  const binary = join(folder, "restic");
  if (!existsSync(binary)) {
    await step("building restic (once per machine, about a minute)", () => compilePrograms(module, [command], folder));
  }
  return describe(binary);
}

const describe = (binary: string): ResticVersion => {
  const said = execFileSync(binary, ["version"], { encoding: "utf8" });
  return { version: /restic (\S+)/.exec(said)?.[1] ?? said.trim(), binary };
};

/**
 * The repositories that restic publishes for its own tests, as archives by name. They come with its Go module and stay in Go's
 * module cache: none of them is part of this project.
 */
export function publishedRepositories(): ReadonlyMap<string, string> {
  const go = (...words: string[]): string => execFileSync("go", words, { cwd: module.folder, encoding: "utf8" });
  const name = "github.com/restic/restic";
  const { Dir: folder } = JSON.parse(go("mod", "download", "-json", name)) as { Dir: string };
  const found = new Map<string, string>();
  for (const below of ["cmd/restic", "internal/backend", "internal/checker", "internal/repository"]) {
    const testdata = join(folder, below, "testdata");
    for (const file of readdirSync(testdata)) {
      if (file.endsWith(".tar.gz")) found.set(file.slice(0, -".tar.gz".length), join(testdata, file));
    }
  }
  return found;
}
