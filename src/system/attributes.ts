import { causeOf } from "./cause.ts";
import { check, libc, systemError, terminated } from "./libc.ts";

/**
 * Extended attributes: also what POSIX ACLs and file capabilities are to Linux. No call follows a symbolic link at the end
 * of the path.
 */

export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Buffer;
}

const llistxattr = libc.func("int64_t llistxattr(void *path, void *list, size_t size)");
const lgetxattr = libc.func("int64_t lgetxattr(void *path, void *name, void *value, size_t size)");
const lsetxattr = libc.func("int lsetxattr(void *path, void *name, void *value, size_t size, int flags)");
const lremovexattr = libc.func("int lremovexattr(void *path, void *name)");

/** No list of names and no value is longer: XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h. Shared by all calls. */
const found = Buffer.alloc(65_536);
/** Enough for the names of nearly all: the kernel sets aside whatever it is asked for, which takes longer than the looking. */
const usualListBytes = 1024;

/**
 * `trusted.*` needs CAP_SYS_ADMIN and belongs to file systems' own bookkeeping; SELinux labels are given by the node to
 * whatever it mounts.
 */
export const isKeptAttribute = (name: string): boolean => !name.startsWith("trusted.") && name !== "security.selinux";

/** Names, in the file system's order; none where it knows no attributes. Throws where one cannot be written as text. */
export function listAttributes(path: Buffer): readonly string[] {
  const length = listInto(path, usualListBytes) ?? listInto(path, found.length);
  if (length === undefined) throw systemError("llistxattr", path);
  if (length === 0) return none;
  const bytes = found.subarray(0, length - 1);
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) throw notText(path, text);
  return text.split("\0");
}

const none: readonly string[] = [];

/** Bytes in `found`; undefined where they would be more than `room`, and 0 where the file system knows no attributes. */
function listInto(path: Buffer, room: number): number | undefined {
  const length = Number(llistxattr(terminated(path), found, room));
  if (length >= 0) return length;
  const error = systemError("llistxattr", path);
  if (isUnsupported(error)) return 0;
  if (error.code === "ERANGE") return undefined;
  throw error;
}

/** Restic's format has these names as text. */
const notText = (path: Buffer, names: string): NodeJS.ErrnoException =>
  Object.assign(
    new Error(`EILSEQ: the name of an attribute is not UTF-8 (${names.split("\0").join(", ")}), llistxattr '${path}'`),
    { code: "EILSEQ", errno: -84, syscall: "llistxattr" },
  );

export interface AttributesRead {
  readonly attributes: readonly ExtendedAttribute[];
  /** Why there may be more. */
  readonly problem?: string;
}

/** The attributes that are backed up, with their values, as far as they can be read. */
export function readAttributes(path: Buffer): AttributesRead {
  let names: readonly string[];
  try {
    names = listAttributes(path);
  } catch (error) {
    return { attributes: [], problem: `its extended attributes could not be listed: ${causeOf(error)}` };
  }
  if (names.length === 0) return nothing;
  const attributes: ExtendedAttribute[] = [];
  let problem: string | undefined;
  for (const name of names.filter(isKeptAttribute)) {
    try {
      const value = getAttribute(path, name);
      // Where there is none it was removed between the two calls.
      if (value) attributes.push({ name, value });
    } catch (error) {
      problem ??= `its extended attribute ${name} could not be read: ${causeOf(error)}`;
    }
  }
  return { attributes, ...(problem !== undefined && { problem }) };
}

const nothing: AttributesRead = { attributes: [] };

/** The value of an attribute; undefined where there is none of that name. */
export function getAttribute(path: Buffer, name: string): Buffer | undefined {
  const length = Number(lgetxattr(terminated(path), named(name), found, found.length));
  if (length >= 0) return Buffer.from(found.subarray(0, length));
  const error = systemError("lgetxattr", path);
  if (error.code === "ENODATA" || isUnsupported(error)) return undefined;
  throw error;
}

export function setAttribute(path: Buffer, name: string, value: Buffer): void {
  check(lsetxattr(terminated(path), named(name), value, value.length, 0), "lsetxattr", path);
}

/** Does nothing where there is no such attribute. */
export function removeAttribute(path: Buffer, name: string): void {
  if (lremovexattr(terminated(path), named(name)) === 0) return;
  const error = systemError("lremovexattr", path);
  if (error.code !== "ENODATA" && !isUnsupported(error)) throw error;
}

/** To C a name would end at its first NUL: one from a hostile repository would be another than the one that was looked at. */
function named(name: string): Buffer {
  if (name.includes("\0")) throw new Error(`an attribute cannot be named ${JSON.stringify(name)}`);
  return terminated(Buffer.from(name));
}

const isUnsupported = ({ code }: NodeJS.ErrnoException): boolean => code === "ENOTSUP" || code === "EOPNOTSUPP";
