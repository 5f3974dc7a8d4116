import { statSync } from "node:fs";
import { libc, systemError } from "./libc.ts";

/** What Node lacks for block devices. */

const lseek = libc.func("int64_t lseek(int descriptor, int64_t offset, int whence)");
const ioctl = libc.func("int ioctl(int descriptor, unsigned long request, void *argument)");
const fadvise = libc.func("int posix_fadvise(int descriptor, int64_t offset, int64_t length, int advice)");
const seekEnd = 2;
const zeroOutRequest = 0x127f; // BLKZEROOUT of linux/fs.h
const willNotNeed = 4; // POSIX_FADV_DONTNEED
const sector = 512;

/** False where nothing is there, too. Links are followed. */
export const isBlockDevice = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isBlockDevice() ?? false;

/** Bytes of an opened device, whose `stat` says 0. */
export function deviceSize(descriptor: number): number {
  const size = Number(lseek(descriptor, 0, seekEnd));
  if (size >= 0) return size;
  throw systemError("lseek", Buffer.from(`file descriptor ${descriptor}`));
}

/** Makes a range of a device read as zeros without writing them all, where the kernel can; false where it cannot. */
export function zeroOut(descriptor: number, offset: number, length: number): boolean {
  if (offset % sector !== 0 || length % sector !== 0) return false;
  const range = Buffer.alloc(16);
  range.writeBigUInt64LE(BigInt(offset), 0);
  range.writeBigUInt64LE(BigInt(length), 8);
  return ioctl(descriptor, zeroOutRequest, range) === 0;
}

/** Whoever reads what was written and synced reads the device, and not this machine's memory. Only a request: it may be ignored. */
export const forgetCached = (descriptor: number): void => {
  fadvise(descriptor, 0, 0, willNotNeed);
};
