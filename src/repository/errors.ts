import type { FailureReason } from "../contract/results.ts";
import { StorageError, type StorageErrorKind } from "../storage/errors.ts";

/** What went wrong with a repository: a stable reason, and a message that says what happened, to what, and what to do. */
export class RepositoryError extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "RepositoryError";
    this.reason = reason;
  }
}

const storageReasons: Readonly<Record<StorageErrorKind, FailureReason>> = {
  NotFound: "RepositoryDamaged",
  AlreadyExists: "StoreError",
  CredentialsMissing: "CredentialsMissing",
  CredentialsRejected: "CredentialsRejected",
  BucketNotFound: "BucketNotFound",
  Unreachable: "StoreUnreachable",
  Full: "StoreFull",
  Corrupted: "StoreError",
  Unreadable: "ObjectUnreadable",
  Failed: "StoreError",
};

/** The stable reason of any error: of a repository, of a store, of a signal, or an unexpected one. */
export function reasonOf(error: unknown): FailureReason {
  if (error instanceof RepositoryError) return error.reason;
  if (error instanceof StorageError) return storageReasons[error.kind];
  if (error instanceof Error && error.name === "AbortError") return "Interrupted";
  return "InternalError";
}

/** What is asked for is damaged, or its object cannot be read; everything else may be well. */
export const isOfOnePart = (error: unknown): boolean => {
  const reason = reasonOf(error);
  return reason === "RepositoryDamaged" || reason === "ObjectUnreadable";
};

export const damaged = (message: string, cause?: unknown): RepositoryError =>
  new RepositoryError("RepositoryDamaged", message, { cause });
