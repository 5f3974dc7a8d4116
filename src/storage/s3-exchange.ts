import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { StorageError } from "./errors.ts";
import type { S3Connection } from "./s3-client.ts";
import { describeS3Error, isAmbiguousNotFound, type S3Request } from "./s3-errors.ts";

/** Until the store has answered once, a request may take no longer than this: a wrong address must not hang a run. */
const firstAnswerMs = 8_000;

export interface Bucket {
  readonly connection: S3Connection;
  readonly name: string;
  answered: boolean;
}

export interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

/** Sends one request, and turns what goes wrong into a `StorageError` that tells a missing object from a missing bucket. */
export async function exchange<T>(
  bucket: Bucket,
  request: S3Request,
  send: (options: SendOptions) => Promise<T>,
): Promise<T> {
  try {
    const answer = await send(bucket.answered ? {} : { abortSignal: AbortSignal.timeout(firstAnswerMs) });
    bucket.answered = true;
    return answer;
  } catch (error) {
    if (!isAmbiguousNotFound(error)) throw describeS3Error(error, request);
    await assertBucket(bucket, request);
    throw describeS3Error(error, request);
  }
}

/** Lists, since the answer to a HEAD has no body that could say more than «404»: versitygw says so of unknown keys, too. */
async function assertBucket(bucket: Bucket, request: S3Request): Promise<void> {
  try {
    await bucket.connection.client.send(new ListObjectsV2Command({ Bucket: bucket.name, MaxKeys: 1 }), {
      abortSignal: AbortSignal.timeout(firstAnswerMs),
    });
  } catch (error) {
    if (!isAmbiguousNotFound(error)) throw describeS3Error(error, request);
    throw describeS3Error(Object.assign(new Error("The bucket is missing"), { name: "NoSuchBucket" }), request);
  }
}

/**
 * Throws where an answer names no ETag of what it should have stored. S3 stores always do; what answers 200 to everything, such as a maintenance
 * page in front of one, has kept nothing.
 */
export function assertStored(eTag: string | undefined, request: S3Request): void {
  if (!eTag) throw noStore(request, "the answer does not say what is stored");
}

/** Of an answer to a GET or a HEAD. */
interface ReadAnswer {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly ContentRange?: string | undefined;
  readonly $metadata: { readonly requestId?: string | undefined };
}

/**
 * Throws where nothing shows that a store has answered: then the content is nobody's. Not each names an ETag of what it has: versitygw has none of
 * files that came into its folder by other ways, or whose metadata are gone, and a repository that was brought back so is to be read.
 */
export function assertOfStore(answer: ReadAnswer, request: S3Request): void {
  const { ETag, LastModified, ContentRange, $metadata } = answer;
  if (!ETag && !LastModified && !ContentRange && !$metadata.requestId)
    throw noStore(request, "nothing shows whose answer it is");
}

/** Passing: whoever answers for the store now may be gone in a minute. */
export const noStore = ({ action, subject, endpoint }: S3Request, why: string): StorageError =>
  new StorageError("Failed", `Could not ${action} ${subject}: ${why}; does an S3 store answer at ${endpoint}?`, {
    transient: true,
  });
