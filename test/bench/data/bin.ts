import { closeSync, copyFileSync, lstatSync, openSync, readSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { cacheFolder } from "../../cluster/settings.ts";
import type { DataSet } from "./data-set.ts";
import { filesBelow, middleFile, overwriteHundredth } from "./files.ts";
import { goVariable } from "./src.ts";

const bytes = { full: 600e6, small: 24e6 } as const;
const largest = { full: Number.POSITIVE_INFINITY, small: 6e6 } as const;

/** Large programs of this machine: Go's tools, the test cluster's, Node, the system's. */
export const bin: DataSet = {
  name: "bin",
  what: "executables of this machine, the largest first, 0.6 GB",
  async make({ folder, scale }) {
    let left = bytes[scale];
    for (const [number, { path, size }] of programs(largest[scale]).entries()) {
      if (size > left) continue;
      copyFileSync(path, join(folder, `${number}-${basename(path)}`));
      left -= size;
    }
  },
  async change({ folder, round }) {
    for (const path of filesBelow(folder)) overwriteHundredth(path, `${basename(path)} ${round}`);
  },
  oneFile: middleFile,
};

function programs(most: number): { readonly path: string; readonly size: number }[] {
  const goRoot = goVariable("GOROOT");
  const folders = [
    ...(goRoot ? [join(goRoot, "bin"), join(goRoot, "pkg/tool")] : []),
    join(cacheFolder, "binaries"),
    join(homedir(), ".cargo/bin"),
    "/usr/bin",
    "/usr/sbin",
  ];
  const files = [...folders.flatMap((each) => [...filesBelow(each)]), process.execPath];
  return files
    .map((path) => ({ path, size: lstatSync(path).size }))
    .filter(({ path, size }) => size > 1e6 && size <= most && isExecutable(path))
    .sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
}

/** Begins as ELF does. */
function isExecutable(path: string): boolean {
  const start = Buffer.alloc(4);
  const file = openSync(path, "r");
  readSync(file, start, 0, 4, 0);
  closeSync(file);
  return start.equals(Buffer.from("\x7fELF"));
}
