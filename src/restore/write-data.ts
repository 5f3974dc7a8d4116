import { writeSync } from "node:fs";
import { nonZeroParts, type Range } from "./zeros.ts";

/** Writes the data at its place in the file, of which everything is zero by now: whole blocks of zeros stay holes. */
export function writeData(
  descriptor: number,
  data: Buffer,
  position: number,
  ranges: readonly Range[] = nonZeroParts(data, position),
): void {
  for (const { start, end } of ranges) {
    for (let done = start; done < end; ) done += writeSync(descriptor, data, done, end - done, position + done);
  }
}
