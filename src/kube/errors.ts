/** What `metav1.Status` says of a failure; `status` 0 where no answer came at all. */
export class KubeError extends Error {
  readonly status: number;
  /** The API server's own reason such as `NotFound`, or `Unreachable` where there was no answer. */
  readonly reason: string;

  constructor(options: { status: number; reason: string; message: string; cause?: unknown }) {
    super(options.message, { cause: options.cause });
    this.name = "KubeError";
    this.status = options.status;
    this.reason = options.reason;
  }
}

export const isKubeError = (error: unknown): error is KubeError => error instanceof KubeError;

const has = (error: unknown, status: number, reason?: string): boolean =>
  isKubeError(error) && error.status === status && (reason === undefined || error.reason === reason);

export const isNotFound = (error: unknown): boolean => has(error, 404);
/** Somebody changed the object meanwhile, a precondition failed, or another manager owns a field. */
export const isConflict = (error: unknown): boolean => has(error, 409) && !isAlreadyExists(error);
export const isAlreadyExists = (error: unknown): boolean => has(error, 409, "AlreadyExists");
/** A missing right, an exceeded quota or an admission rule: see the message. */
export const isForbidden = (error: unknown): boolean => has(error, 403);
export const isQuotaExceeded = (error: unknown): boolean =>
  isForbidden(error) && /exceeded quota/.test((error as KubeError).message);
/** The resource version is too old: list again. */
export const isGone = (error: unknown): boolean =>
  has(error, 410) || (isKubeError(error) && error.reason === "Expired");
/** The namespace is being deleted, so nothing can be made in it. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  isForbidden(error) && /being terminated/.test((error as KubeError).message);
/** No answer, too many requests or trouble inside the API server: the same request may work later. */
export const isTransient = (error: unknown): boolean =>
  isKubeError(error) && (error.status === 0 || error.status === 429 || error.status >= 500);
