import { check, libc, systemError, terminated } from "../system/libc.ts";

/** The system calls that only a restore needs. None follows a symbolic link at the end of the path. */

const utimensat = libc.func("int utimensat(int folder, void *path, void *times, int flags)");
const futimens = libc.func("int futimens(int fd, void *times)");
const fchmodat = libc.func("int fchmodat(int folder, void *path, uint32_t mode, int flags)");
const mknod = libc.func("int mknod(void *path, uint32_t mode, uint64_t device)");
const syncfs = libc.func("int syncfs(int fd)");
const syncFileRange = libc.func("int sync_file_range(int fd, int64_t offset, int64_t length, unsigned int flags)");

const currentFolder = -100; // AT_FDCWD
const noFollow = 0x100; // AT_SYMLINK_NOFOLLOW
const startWriting = 2; // SYNC_FILE_RANGE_WRITE

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

/**
 * Has the disk begin with what was written to the file, and waits at most until it has room for that in its queue: left to itself, the kernel
 * would begin half a minute later, or with `syncFileSystem`. That one reports errors; a file system that cannot begin ahead does so then.
 */
export function beginWriteBack(descriptor: number): void {
  syncFileRange(descriptor, 0, 0, startWriting);
}

/** Waits, while other things go on, until all of the file system of `fd` is on the disk; reports errors of earlier writes, too. */
export async function syncFileSystem(fd: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  syncfs.async(fd, (error: unknown, result: number) => {
    if (error) reject(error);
    else if (result === 0) resolve();
    else reject(systemError("syncfs", Buffer.from(`file descriptor ${fd}`)));
  });
  await promise;
}

/** Seconds round down, so that the nanoseconds are positive before 1970, too. */
function writeTime(at: number, nanoseconds: bigint): void {
  const remainder = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  times.writeBigInt64LE((nanoseconds - remainder) / 1_000_000_000n, at);
  times.writeBigInt64LE(remainder, at + 8);
}
