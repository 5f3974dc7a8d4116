import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { StorageError } from "./errors.ts";
import { checksumOf } from "./s3-checksum.ts";
import { hasCode, type S3Request } from "./s3-errors.ts";
import { assertOfStore, assertStored, type Bucket, exchange } from "./s3-exchange.ts";
import type { Upload } from "./storage.ts";

/** Objects in several parts: uploads, and copies of what is too long for one request. */

export interface ObjectAddress {
  readonly Bucket: string;
  readonly Key: string;
}

/** Longer objects are copied in parts, so that no single request takes long; S3 itself refuses more than 5 GiB. */
const copiedAtOnce = 512 * 1024 * 1024;
/** S3's own limit. */
const mostParts = 10_000;

export async function beginUpload(bucket: Bucket, at: ObjectAddress, request: S3Request): Promise<Upload> {
  const { client, checksums } = bucket.connection;
  const isVerified = checksums === "WhenSupported";
  const begun = await exchange(bucket, request, (options) =>
    client.send(
      new CreateMultipartUploadCommand({ ...at, ...(isVerified && { ChecksumAlgorithm: "CRC32" }) }),
      options,
    ),
  );
  const part = { ...at, UploadId: begun.UploadId };
  const parts: CompletedPart[] = [];
  let size = 0;
  let wasTried = false;
  return {
    async add(data) {
      const PartNumber = parts.length + 1;
      const checksum = checksumOf(data, bucket.connection);
      const input = { ...part, PartNumber, Body: data, ContentLength: data.byteLength, ...checksum };
      const { ETag } = await exchange(bucket, request, async (options) => {
        const answer = await client.send(new UploadPartCommand(input), options);
        assertStored(answer.ETag, request);
        return answer;
      });
      parts.push({ PartNumber, ETag, ...("ChecksumCRC32" in checksum && checksum) });
      size += data.byteLength;
    },
    async complete() {
      const isRepeated = wasTried;
      wasTried = true;
      await exchange(bucket, request, async (options) => {
        try {
          const command = new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: parts } });
          assertStored((await client.send(command, options)).ETag, request);
        } catch (error) {
          // The first answer was lost on its way.
          const isDone = isRepeated && hasCode(error, "NoSuchUpload") && (await sizeOf(bucket, at, request)) === size;
          if (!isDone) throw error;
        }
      });
    },
    abort: () => abortUpload(bucket, part, request),
  };
}

interface BegunUpload extends ObjectAddress {
  readonly UploadId: string | undefined;
}

async function abortUpload({ connection, ...bucket }: Bucket, upload: BegunUpload, request: S3Request): Promise<void> {
  await exchange({ connection, ...bucket }, request, async (options) => {
    try {
      await connection.client.send(new AbortMultipartUploadCommand(upload), options);
    } catch (error) {
      if (!hasCode(error, "NoSuchUpload")) throw error;
    }
  });
}

/** Aborts every upload that was begun and not ended, of objects whose key starts with `prefix`. */
export async function abortUploads(bucket: Bucket, prefix: string, request: S3Request): Promise<void> {
  const { client } = bucket.connection;
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (from) {
    const input: ListMultipartUploadsCommandInput = { Bucket: bucket.name, Prefix: prefix, ...from };
    const page: ListMultipartUploadsCommandOutput = await exchange(bucket, request, (options) =>
      client.send(new ListMultipartUploadsCommand(input), options),
    );
    for (const { Key = "", UploadId } of page.Uploads ?? []) {
      if (Key.startsWith(prefix)) await abortUpload(bucket, { Bucket: bucket.name, Key, UploadId }, request);
    }
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
    if (from && !from.KeyMarker) {
      throw new StorageError("Failed", `Could not ${request.action} ${request.subject}: the list breaks off`);
    }
  }
}

export interface CopyOptions {
  readonly bucket: Bucket;
  readonly from: ObjectAddress;
  readonly to: ObjectAddress;
  readonly request: S3Request;
  /** Bytes; for tests. */
  readonly atOnce?: number;
}

export async function copyObject({ bucket, from, to, request, atOnce = copiedAtOnce }: CopyOptions): Promise<void> {
  const { client } = bucket.connection;
  const CopySource = `${from.Bucket}/${from.Key.split("/").map(encodeURIComponent).join("/")}`;
  const size = await sizeOf(bucket, from, request);
  if (size <= atOnce) {
    await exchange(bucket, request, async (options) => {
      const answer = await client.send(new CopyObjectCommand({ ...to, CopySource }), options);
      assertStored(answer.CopyObjectResult?.ETag, request);
    });
    return;
  }
  const begun = await exchange(bucket, request, (options) =>
    client.send(new CreateMultipartUploadCommand(to), options),
  );
  const part = { ...to, UploadId: begun.UploadId };
  try {
    const Parts: CompletedPart[] = [];
    const length = Math.max(atOnce, Math.ceil(size / mostParts));
    for (let start = 0; start < size; start += length) {
      const PartNumber = Parts.length + 1;
      const CopySourceRange = `bytes=${start}-${Math.min(size, start + length) - 1}`;
      const input = { ...part, PartNumber, CopySource, CopySourceRange };
      const ETag = await exchange(bucket, request, async (options) => {
        const copied = await client.send(new UploadPartCopyCommand(input), options);
        assertStored(copied.CopyPartResult?.ETag, request);
        return copied.CopyPartResult?.ETag;
      });
      Parts.push({ PartNumber, ETag });
    }
    await exchange(bucket, request, async (options) => {
      const command = new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts } });
      assertStored((await client.send(command, options)).ETag, request);
    });
  } catch (error) {
    await abortUpload(bucket, part, request).catch(() => undefined);
    throw error;
  }
}

async function sizeOf(bucket: Bucket, at: ObjectAddress, request: S3Request): Promise<number> {
  const { ContentLength } = await exchange(bucket, request, async (options) => {
    const answer = await bucket.connection.client.send(new HeadObjectCommand(at), options);
    assertOfStore(answer, request);
    return answer;
  });
  if (ContentLength !== undefined) return ContentLength;
  throw new StorageError("Failed", `Could not ${request.action} ${request.subject}: the store does not say its size`);
}
