import { libc } from "../../src/system/libc.ts";

const getrusage = libc.func("int getrusage(int who, void *usage)");
const children = -1; // RUSAGE_CHILDREN

/**
 * User and system time, in seconds, of all ended and awaited descendants of this process (getrusage(2)). The difference
 * between two calls is what the processes took that ended in between.
 */
export function childrenSeconds(): number {
  const usage = Buffer.alloc(144);
  if (getrusage(children, usage) !== 0) throw new Error("getrusage failed");
  const seconds = (offset: number) =>
    Number(usage.readBigInt64LE(offset)) + Number(usage.readBigInt64LE(offset + 8)) / 1e6;
  return seconds(0) + seconds(16);
}
