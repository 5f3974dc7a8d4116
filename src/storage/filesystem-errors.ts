import { StorageError, type StorageErrorKind } from "./errors.ts";

interface Meaning {
  readonly kind: StorageErrorKind;
  readonly advice: string;
  readonly transient?: boolean;
}

const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: { kind: "NotFound", advice: "there is no such file" },
  EEXIST: { kind: "AlreadyExists", advice: "it is already there" },
  ENOSPC: { kind: "Full", advice: "the filesystem is full: make room or enlarge the volume" },
  EDQUOT: { kind: "Full", advice: "the quota is used up: make room or raise it" },
  EACCES: { kind: "CredentialsRejected", advice: "this user may not: check owner and mode of the folder" },
  EPERM: { kind: "CredentialsRejected", advice: "this user may not: check owner, mode and flags of the folder" },
  EROFS: { kind: "CredentialsRejected", advice: "the filesystem is mounted read-only" },
  ENOTDIR: { kind: "Failed", advice: "a part of the path is a file: check the repository's URL" },
  ESTALE: { kind: "Unreachable", advice: "the network filesystem lost the file's handle", transient: true },
  ETIMEDOUT: { kind: "Unreachable", advice: "the network filesystem does not answer", transient: true },
  EBUSY: { kind: "Failed", advice: "it is busy", transient: true },
  EAGAIN: { kind: "Failed", advice: "it is busy", transient: true },
  EIO: { kind: "Failed", advice: "the disk or the network filesystem reports an input/output error" },
  EUCLEAN: { kind: "Failed", advice: "the filesystem is damaged: unmount and check it" },
  EBADMSG: { kind: "Failed", advice: "the filesystem is damaged: unmount and check it" },
};

/** Node does not know these by their names. */
const unnamed: Readonly<Record<number, string>> = { [-117]: "EUCLEAN", [-74]: "EBADMSG" };

const codeOf = ({ code = "", errno = 0 }: NodeJS.ErrnoException): string => unnamed[errno] ?? code;

/** What a bad sector or a damaged filesystem says of what lies there, while all the rest may be well. */
const unreadable: readonly string[] = ["EIO", "EUCLEAN", "EBADMSG"];

export const isOfOneFile = (error: unknown): boolean => unreadable.includes(codeOf(error as NodeJS.ErrnoException));

/** What a system call's error on `path` means for a store. A `StorageError` passes as it is. */
export function describeFileError(error: unknown, action: string, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const { message } = error as NodeJS.ErrnoException;
  const code = codeOf(error as NodeJS.ErrnoException);
  const meaning = meanings[code] ?? { kind: "Failed", advice: message };
  const known = meanings[code] ? ` (${code})` : "";
  return new StorageError(meaning.kind, `Could not ${action} ${path}: ${meaning.advice}${known}`, {
    cause: error,
    transient: meaning.transient,
  });
}
