import { libc, systemError } from "./libc.ts";

/** Where the holes of sparse files are, as the file system says; see lseek(2). Offsets in bytes. */

const lseek = libc.func("int64_t lseek(int descriptor, int64_t offset, int whence)");
const seekData = 3;
const seekHole = 4;

/** Where the hole that an opened file has at `offset` ends: at its `size` at last. `offset` itself where no hole is there. */
export function endOfHole(descriptor: number, offset: number, size: number): number {
  const found = seek(descriptor, offset, seekData);
  return found === "Nothing" ? size : found === "Unknown" ? offset : Math.min(found, size);
}

/** Where the data that an opened file has at `offset` end: at its `size` at last. */
export function endOfData(descriptor: number, offset: number, size: number): number {
  const found = seek(descriptor, offset, seekHole);
  return typeof found === "string" ? size : Math.min(found, size);
}

/** `Nothing` where the file has none of it any more, `Unknown` where its file system does not tell. */
function seek(descriptor: number, offset: number, whence: number): number | "Nothing" | "Unknown" {
  const found = Number(lseek(descriptor, offset, whence));
  if (found >= 0) return found;
  const error = systemError("lseek", Buffer.from(`file descriptor ${descriptor}`));
  if (error.code === "ENXIO") return "Nothing";
  if (error.code === "EINVAL" || error.code === "EOPNOTSUPP" || error.code === "ENOTSUP") return "Unknown";
  throw error;
}
