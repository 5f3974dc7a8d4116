import { getSystemErrorMap } from "node:util";
import koffi from "koffi";

/**
 * The system calls a restore needs and Node lacks, by C library. Paths are bytes, as Linux has them. Each throws an
 * error with `code` and `errno` like those of `node:fs`. None follows a symbolic link at the end of the path.
 */

const libc = koffi.load("libc.so.6");
const utimensat = libc.func("int utimensat(int folder, void *path, void *times, int flags)");
const futimens = libc.func("int futimens(int fd, void *times)");
const fchmodat = libc.func("int fchmodat(int folder, void *path, uint32_t mode, int flags)");
const mknod = libc.func("int mknod(void *path, uint32_t mode, uint64_t device)");
const syncfs = libc.func("int syncfs(int fd)");
const lsetxattr = libc.func("int lsetxattr(void *path, void *name, void *value, size_t size, int flags)");
const lgetxattr = libc.func("int64_t lgetxattr(void *path, void *name, void *value, size_t size)");

const currentFolder = -100; // AT_FDCWD
const noFollow = 0x100; // AT_SYMLINK_NOFOLLOW

/** Two `struct timespec`: every call fills it anew. */
const times = Buffer.alloc(32);

/** Access and modification time, in nanoseconds since 1970; of an opened file where its descriptor is given. */
export function setTimes(path: Buffer, accessed: bigint, modified: bigint, descriptor?: number): void {
  writeTime(0, accessed);
  writeTime(16, modified);
  if (descriptor === undefined) check(utimensat(currentFolder, terminated(path), times, noFollow), "utimensat", path);
  else check(futimens(descriptor, times), "futimens", path);
}

/** The twelve permission bits, also of what cannot be opened. */
export function setPermissions(path: Buffer, permissions: number): void {
  check(fchmodat(currentFolder, terminated(path), permissions, noFollow), "fchmodat", path);
}

/** A fifo, a socket or a device; `mode` with its file type. */
export function makeNode(path: Buffer, mode: number, device: bigint): void {
  check(mknod(terminated(path), mode, device), "mknod", path);
}

/** Waits until everything that was written to the file system of `fd` is on the disk; reports errors of earlier writes. */
export function syncFileSystem(fd: number): void {
  check(syncfs(fd), "syncfs", Buffer.from(`file descriptor ${fd}`));
}

export function setAttribute(path: Buffer, name: string, value: Buffer): void {
  check(lsetxattr(terminated(path), terminated(Buffer.from(name)), value, value.length, 0), "lsetxattr", path);
}

/** The value of an extended attribute; undefined where the file has none of that name. */
export function getAttribute(path: Buffer, name: string): Buffer | undefined {
  const value = Buffer.alloc(65_536);
  const length = Number(lgetxattr(terminated(path), terminated(Buffer.from(name)), value, value.length));
  if (length >= 0) return value.subarray(0, length);
  const error = systemError("lgetxattr", path);
  if (error.code === "ENODATA" || error.code === "ENOTSUP" || error.code === "EOPNOTSUPP") return undefined;
  throw error;
}

/** Seconds round down, so that the nanoseconds are positive before 1970, too. */
function writeTime(at: number, nanoseconds: bigint): void {
  const remainder = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  times.writeBigInt64LE((nanoseconds - remainder) / 1_000_000_000n, at);
  times.writeBigInt64LE(remainder, at + 8);
}

const terminated = (path: Buffer): Buffer => Buffer.concat([path, Buffer.of(0)]);

function check(result: number, call: string, path: Buffer): void {
  if (result !== 0) throw systemError(call, path);
}

function systemError(call: string, path: Buffer): NodeJS.ErrnoException {
  const errno = -koffi.errno();
  const [code, meaning] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, "unknown error"];
  return Object.assign(new Error(`${code}: ${meaning}, ${call} '${path}'`), { code, errno, syscall: call });
}
