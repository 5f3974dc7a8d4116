import { isZero } from "../kernel/zeros.ts";

/** File systems give out space in blocks of this size; shorter runs of zeros save nothing. */
const block = 4096;

/** From `start`, and up to but not with `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The parts of `data` that must be written: whole blocks of zeros stay holes. `offset` is where it lies in the file. */
export function nonZeroParts(data: Buffer, offset: number): Range[] {
  const parts: { start: number; end: number }[] = [];
  // Blocks are those of the file, so the first and last pieces of the data may be shorter.
  for (let start = 0; start < data.length; ) {
    const end = Math.min(data.length, start + block - ((offset + start) % block));
    const last = parts.at(-1);
    if (!isZero(data, start, end)) {
      if (last?.end === start) last.end = end;
      else parts.push({ start, end });
    }
    start = end;
  }
  return parts;
}
