/**
 * Why a store did not do what was asked. `Unreachable` and `Failed` never mean
 * «empty»: only `NotFound` does, and only for an object in a bucket that answered.
 * `Unreadable` is about one object of a store that works otherwise: it is there, and nobody
 * knows whether it is lost.
 */
export type StorageErrorKind =
  | "NotFound"
  | "AlreadyExists"
  | "CredentialsMissing"
  | "CredentialsRejected"
  | "BucketNotFound"
  | "Unreachable"
  | "Full"
  | "Corrupted"
  | "Unreadable"
  | "Failed";

/** An error of a store, with what was tried on which object and what a person can do. */
export class StorageError extends Error {
  readonly kind: StorageErrorKind;
  /** Worth trying again as it is. */
  readonly transient: boolean;

  constructor(kind: StorageErrorKind, message: string, options: { cause?: unknown; transient?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = "StorageError";
    this.kind = kind;
    this.transient = options.transient ?? false;
  }
}

export const isStorageError = (error: unknown, kind?: StorageErrorKind): error is StorageError =>
  error instanceof StorageError && (kind === undefined || error.kind === kind);
