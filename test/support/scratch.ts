import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Scratch {
  /** A path in a folder of this test's own; nothing is there yet. */
  path(name: string): string;
  remove(): void;
}

const memory = "/dev/shm";

/** Very many small files are made and removed much faster in memory. */
export function makeScratch({ inMemory = false } = {}): Scratch {
  const parent = inMemory && existsSync(memory) ? memory : tmpdir();
  const folder = mkdtempSync(join(parent, "holdfast-test-"));
  return {
    path: (name) => join(folder, name),
    // Unlike `rmSync`, this gets to the bottom of trees that are deeper than a path may be long.
    remove: () => void execFileSync("rm", ["-rf", folder]),
  };
}
