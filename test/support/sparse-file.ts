import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

/** A file of this size with data at these offsets, and nothing between them. */
export function makeSparse(path: string, size: number, offsets: readonly number[]): void {
  const file = openSync(path, "w");
  for (const offset of offsets) writeSync(file, randomBytes(5000), 0, 5000, offset);
  ftruncateSync(file, size);
  closeSync(file);
}
