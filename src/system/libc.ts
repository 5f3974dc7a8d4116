import { getSystemErrorMap } from "node:util";
import koffi from "koffi";

/**
 * The system calls that Node lacks, by the C library. Paths are bytes, as Linux has them. What uses this throws errors with
 * `code`, `errno` and `syscall` like those of `node:fs`.
 */
export const libc = koffi.load("libc.so.6");

/** A path or name as C takes it. */
export const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, nul]);
const nul = Buffer.of(0);

/** Throws the system's error where a call that returns 0 did not. */
export function check(result: number, call: string, path: Buffer): void {
  if (result !== 0) throw systemError(call, path);
}

/** The error of the call that has just failed. */
export function systemError(call: string, path: Buffer): NodeJS.ErrnoException {
  const errno = -koffi.errno();
  const [code, meaning] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, "unknown error"];
  return Object.assign(new Error(`${code}: ${meaning}, ${call} '${path}'`), { code, errno, syscall: call });
}
