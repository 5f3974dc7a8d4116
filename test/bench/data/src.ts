import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../../cluster/settings.ts";
import type { DataSet } from "./data-set.ts";
import { copyWithin, filesBelow, middleFile } from "./files.ts";

const bounds = { full: { files: 90_000, bytes: 900e6 }, small: { files: 1_500, bytes: 15e6 } } as const;

/** Source code of this machine: Go's modules and library, then this project's npm packages. */
export const src: DataSet = {
  name: "src",
  what: "a source tree, up to 90,000 files and 0.9 GB",
  async make({ folder, scale }) {
    let left: { files: number; bytes: number } = { ...bounds[scale] };
    for (const [name, from] of Object.entries(sources())) {
      const isDownload = (path: string) => path === join(from, "cache");
      const copied = copyWithin(filesBelow(from, isDownload), from, join(folder, name), left);
      left = { files: left.files - copied.files, bytes: left.bytes - copied.bytes };
    }
  },
  async change({ folder, round }) {
    const files = [...filesBelow(folder)];
    for (const [number, path] of files.entries()) {
      if (number % 100 === round % 100) appendFileSync(path, `\nround ${round}\n`);
      if (number % 1000 === (round + 50) % 1000) rmSync(path);
      if (number % 1000 === (round + 60) % 1000) copyFileSync(path, `${path}.${round}`);
    }
  },
  oneFile: middleFile,
};

function sources(): Record<string, string> {
  const goRoot = goVariable("GOROOT");
  const modules = goVariable("GOMODCACHE");
  return {
    ...(modules && { modules }),
    ...(goRoot && { go: join(goRoot, "src") }),
    packages: join(checkout, "node_modules"),
  };
}

/** Undefined where Go is not installed. */
export function goVariable(name: string): string | undefined {
  try {
    return execFileSync("go", ["env", name], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
