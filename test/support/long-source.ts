import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

const gibibytes = 16;

/**
 * Makes a folder that any program needs many seconds to back up, though it takes little space: almost nothing but holes, yet
 * with a byte in every MiB, so that all of it must be read and hashed. (Holes alone are skipped, in no time.)
 */
export function makeLongSource(folder: string): void {
  mkdirSync(folder);
  const file = openSync(join(folder, "sparse"), "w");
  for (let mebibyte = 0; mebibyte < gibibytes * 1024; mebibyte++) writeSync(file, "x", mebibyte * 1024 ** 2);
  closeSync(file);
}
