import type { BigIntStats } from "node:fs";
import { endOfData, endOfHole } from "../system/holes.ts";

/** A stretch of a file, in bytes. */
export interface Region {
  readonly isHole: boolean;
  readonly start: number;
  readonly end: number;
}

/** Says in which region of a file an offset lies; quick where it is asked from front to back. */
export type RegionAt = (offset: number) => Region;

const allData: Region = { isHole: false, start: 0, end: Number.POSITIVE_INFINITY };

/** A file with as many blocks as its size needs has no holes to ask for. Behind the size that it had, everything is data. */
export function regionsOf({ descriptor, stat }: { descriptor: number; stat: BigIntStats }): RegionAt {
  if (stat.blocks * 512n >= stat.size) return () => allData;
  const size = Number(stat.size);
  let current: Region = { isHole: false, start: 0, end: 0 };
  return (offset) => {
    if (offset >= current.end) current = regionAt(descriptor, offset, size);
    return current;
  };
}

function regionAt(descriptor: number, offset: number, size: number): Region {
  if (offset >= size) return { ...allData, start: offset };
  const hole = endOfHole(descriptor, offset, size);
  if (hole > offset) return { isHole: true, start: offset, end: hole };
  // Somebody who makes a hole just now cannot make this stand still.
  return { isHole: false, start: offset, end: Math.max(offset + 1, endOfData(descriptor, offset, size)) };
}
