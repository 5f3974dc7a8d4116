import { StorageError, type StorageErrorKind } from "./errors.ts";

/** What was tried, for the message. Nothing in it is secret. */
export interface S3Request {
  readonly action: string;
  /** `key «a/b»` or `bucket «b»`, and where it is. */
  readonly subject: string;
  readonly bucket: string;
  readonly endpoint: string;
}

interface Meaning {
  readonly kind: StorageErrorKind;
  readonly advice: string;
  readonly transient?: boolean;
}

/** The parts of the SDK's and of Node's errors that say what went wrong. */
interface ErrorFacts {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
}

/**
 * What an error of the S3 SDK, or of the network below it, means. Only the error's name, code and status get into the
 * message: the rest of the SDK's error object holds request headers.
 */
export function describeS3Error(error: unknown, request: S3Request): StorageError {
  if (error instanceof StorageError) return error;
  const facts = factsOf(error);
  const meaning = meaningOf(facts, request);
  const detail = [facts.code || facts.name, facts.status && `HTTP ${facts.status}`].filter(Boolean).join(", ");
  const cause = new Error(`${facts.name}: ${facts.message}`);
  return new StorageError(
    meaning.kind,
    `Could not ${request.action} ${request.subject}: ${meaning.advice}${detail ? ` (${detail})` : ""}`,
    { cause, transient: meaning.transient },
  );
}

/** The store's answer does not say whether the object or the whole bucket is missing (versitygw's 404 has no body). */
export function isAmbiguousNotFound(error: unknown): boolean {
  const { name, code, status } = factsOf(error);
  if (status !== 404) return false;
  return !["NoSuchBucket", "NoSuchKey", "XAdminUserNotFound"].some((known) => known === name || known === code);
}

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean => {
  const { name, code } = factsOf(error);
  return codes.some((known) => known === name || known === code);
};

export const statusOf = (error: unknown): number | undefined => factsOf(error).status;

function factsOf(error: unknown): ErrorFacts {
  const raw = (error ?? {}) as {
    name?: string;
    code?: unknown;
    Code?: unknown;
    message?: string;
    errors?: readonly unknown[];
    $metadata?: { httpStatusCode?: number };
  };
  // Connecting to a name with several addresses fails with all their errors at once.
  if (!raw.message && raw.errors?.length) return factsOf(raw.errors[0]);
  const code = [raw.code, raw.Code].find((value) => typeof value === "string") as string | undefined;
  return {
    name: raw.name ?? "Error",
    code: code ?? "",
    message: raw.message ?? String(error),
    status: raw.$metadata?.httpStatusCode,
  };
}

function meaningOf(facts: ErrorFacts, request: S3Request): Meaning {
  return (
    byCode(facts.code, request) ??
    byCode(facts.name, request) ??
    byStatus(facts.status) ??
    byMessage(facts.message, request) ?? { kind: "Failed", advice: facts.message }
  );
}

const wrongKeys = "check access key and secret key of the credentials";
const certificate = "the store's certificate is not trusted: give its authority's certificate as caBundle";

function byCode(code: string, { bucket, endpoint }: S3Request): Meaning | undefined {
  switch (code) {
    case "NoSuchBucket":
      return {
        kind: "BucketNotFound",
        advice: `there is no bucket «${bucket}» at ${endpoint}: create it, or check its name and the endpoint`,
      };
    case "NoSuchKey":
      return { kind: "NotFound", advice: "there is no such object" };
    case "InvalidAccessKeyId":
    case "XAdminUserNotFound": // versitygw
      return { kind: "CredentialsRejected", advice: `the store does not know the access key: ${wrongKeys}` };
    case "SignatureDoesNotMatch":
      return { kind: "CredentialsRejected", advice: `the secret key is wrong: ${wrongKeys}` };
    case "ExpiredToken":
    case "ExpiredTokenException":
    case "InvalidToken":
    case "TokenRefreshRequired":
      return {
        kind: "CredentialsRejected",
        advice: "the session token is not valid (any more): renew the credentials",
      };
    case "AccessDenied":
    case "AllAccessDisabled":
    case "AccountProblem":
    case "Forbidden":
      return {
        kind: "CredentialsRejected",
        advice: "access denied: the keys must be allowed to list, read, write and delete below the prefix",
      };
    case "CredentialsProviderError":
      return {
        kind: "CredentialsMissing",
        advice: "there are no credentials: give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      };
    case "RequestTimeTooSkewed":
      return { kind: "Failed", advice: "this machine's clock and the store's differ too much", transient: true };
    case "InvalidObjectState":
      return {
        kind: "Unreadable",
        advice:
          "it was moved to an archive class: bring it back there, and let no lifecycle rule move what is below the prefix",
      };
    case "PreconditionFailed":
      return { kind: "AlreadyExists", advice: "it is already there" };
    case "InvalidRange":
      return { kind: "Corrupted", advice: "the object is shorter than it should be" };
    case "BadDigest":
    case "InvalidDigest":
    case "IncompleteBody":
    case "XAmzContentSHA256Mismatch":
    case "XAmzContentChecksumMismatch":
      return { kind: "Corrupted", advice: "the content was damaged on its way to the store", transient: true };
    case "PermanentRedirect":
    case "TemporaryRedirect":
    case "AuthorizationHeaderMalformed":
    case "IllegalLocationConstraintException":
      return { kind: "Failed", advice: `the bucket is not in the region that was given: set its region` };
    case "InsufficientStorage":
    case "InsufficientStorageSpace":
    case "QuotaExceeded":
    case "XMinioStorageFull":
    case "XRateLimitQuotaExceeded":
      return { kind: "Full", advice: "the store is full, or its quota used up: make room or raise it" };
    case "ENOTFOUND":
      return { kind: "Unreachable", advice: `no address for the host of ${endpoint}: check the name`, transient: true };
    case "EAI_AGAIN":
      return { kind: "Unreachable", advice: `the name service does not answer for ${endpoint}`, transient: true };
    case "ECONNREFUSED":
      return { kind: "Unreachable", advice: `${endpoint} refuses connections: check host and port`, transient: true };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return { kind: "Unreachable", advice: `there is no route to ${endpoint}`, transient: true };
    case "ECONNRESET":
    case "EPIPE":
    case "ERR_STREAM_PREMATURE_CLOSE":
      return { kind: "Unreachable", advice: `${endpoint} broke the connection off`, transient: true };
    case "ETIMEDOUT":
    case "TimeoutError":
    case "AbortError":
      return { kind: "Unreachable", advice: `${endpoint} did not answer in time`, transient: true };
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_UNTRUSTED":
      return { kind: "Unreachable", advice: certificate };
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return {
        kind: "Unreachable",
        advice: "the store's certificate is not valid today: renew it, or check the clock",
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return { kind: "Unreachable", advice: `the store's certificate is for another name than that of ${endpoint}` };
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return { kind: "Unreachable", advice: `${endpoint} does not speak TLS: should it be http://?` };
    default:
      if (code.startsWith("HPE_")) {
        return { kind: "Unreachable", advice: `${endpoint} does not speak HTTP: should it be https://?` };
      }
      if (code.startsWith("ERR_SSL_")) return { kind: "Unreachable", advice: `no TLS connection to ${endpoint}` };
      return undefined;
  }
}

function byStatus(status: number | undefined): Meaning | undefined {
  if (status === undefined) return undefined;
  if (status === 401 || status === 403) return { kind: "CredentialsRejected", advice: `not allowed: ${wrongKeys}` };
  if (status === 404) return { kind: "NotFound", advice: "there is no such object" };
  if (status === 412) return { kind: "AlreadyExists", advice: "it is already there" };
  if (status === 416) return { kind: "Corrupted", advice: "the object is shorter than it should be" };
  if (status === 507) return { kind: "Full", advice: "the store is full: make room" };
  if (status === 408 || status === 409 || status === 429 || (status >= 500 && status !== 501)) {
    return { kind: "Failed", advice: "the store has a passing problem, or is overloaded", transient: true };
  }
  if (status >= 200 && status < 300) return { kind: "Failed", advice: "the answer is not that of an S3 store" };
  return undefined;
}

function byMessage(message: string, { endpoint }: S3Request): Meaning | undefined {
  if (/socket hang up|aborted|premature/i.test(message)) {
    return { kind: "Unreachable", advice: `${endpoint} broke the connection off`, transient: true };
  }
  if (/Deserialization|XML|Unexpected/i.test(message)) {
    return { kind: "Failed", advice: `the answer of ${endpoint} is not that of an S3 store: check the endpoint` };
  }
  return undefined;
}
