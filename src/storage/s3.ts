import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { shortLived } from "../system/collector.ts";
import type { Allocate } from "../system/memory.ts";
import { isStorageError, StorageError } from "./errors.ts";
import { assertKey, joinKey, normalisePrefix } from "./keys.ts";
import { checksumOf } from "./s3-checksum.ts";
import type { S3Connection } from "./s3-client.ts";
import { hasCode, type S3Request, statusOf } from "./s3-errors.ts";
import { assertOfStore, assertStored, type Bucket, exchange, noStore } from "./s3-exchange.ts";
import { abortUploads, beginUpload, copyObject } from "./s3-upload.ts";
import type { ByteRange, Storage, StoredObject } from "./storage.ts";

/** A bucket's objects below `prefix`, over S3. Single requests: `retrying` makes it patient. */
export function s3Storage(connection: S3Connection, bucket: string, prefix: string): Storage {
  return storageAt({ connection, name: bucket, answered: false }, normalisePrefix(prefix));
}

function storageAt(bucket: Bucket, prefix: string): Storage {
  const { client, endpoint } = bucket.connection;
  const at = (key: string) => ({ Bucket: bucket.name, Key: joinKey(prefix, key) });
  const about = (action: string, key: string): S3Request => ({
    action,
    subject: `s3://${bucket.name}/${joinKey(prefix, key)} at ${endpoint}`,
    bucket: bucket.name,
    endpoint,
  });

  return {
    description: `s3://${prefix === "" ? bucket.name : `${bucket.name}/${prefix}`} at ${endpoint}`,
    // Each has to wait for an answer from afar.
    concurrentPuts: 3,
    // A request takes 2 ms of processor time, and its answer comes from afar.
    partsAreCheap: false,

    async get(key, range, allocate) {
      assertKey(key);
      const request = about("read", key);
      if (range?.length === 0) {
        await exchange(bucket, request, async (options) =>
          assertOfStore(await client.send(new HeadObjectCommand(at(key)), options), request),
        );
        return Buffer.alloc(0);
      }
      const Range = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
      return exchange(bucket, request, async (options) => {
        const answer = await client.send(new GetObjectCommand({ ...at(key), Range }), options);
        return readBody(answer, { range, allocate, ...request });
      });
    },

    async put(key, data, options = {}) {
      assertKey(key);
      const input = { ...at(key), Body: data, ContentLength: data.byteLength, ...checksumOf(data, bucket.connection) };
      const request = about("write", key);
      if (options.ifAbsent) {
        await putIfAbsent(bucket, input, request);
        return;
      }
      const command = new PutObjectCommand(input);
      if (options.sha256) signWith(command, options.sha256);
      await exchange(bucket, request, async (sendOptions) =>
        assertStored((await client.send(command, sendOptions)).ETag, request),
      );
    },

    async copy(from, to) {
      assertKey(from);
      assertKey(to);
      await copyObject({ bucket, from: at(from), to: at(to), request: about("copy", from) });
    },

    async upload(key) {
      assertKey(key);
      return beginUpload(bucket, at(key), about("write", key));
    },

    abortUploads: (start) =>
      abortUploads(bucket, prefix === "" ? start : `${prefix}/${start}`, about("list the uploads of", start)),

    list: (start) => listAll(bucket, prefix, start, about("list", start)),

    async listFolders(start) {
      const folders: string[] = [];
      const from = joinKey(prefix, start);
      for await (const page of pages(bucket, prefix === "" ? start : from, "/", about("list", start))) {
        for (const folder of page.CommonPrefixes ?? []) {
          if (folder.Prefix !== undefined) folders.push(folder.Prefix.slice(from.length).replace(/\/$/, ""));
        }
      }
      return folders.filter((name) => name !== "");
    },

    async delete(key) {
      assertKey(key);
      try {
        await exchange(bucket, about("delete", key), (options) =>
          client.send(new DeleteObjectCommand(at(key)), options),
        );
      } catch (error) {
        if (!isStorageError(error, "NotFound")) throw error;
      }
    },

    below: (further) => {
      const view = storageAt(bucket, normalisePrefix(joinKey(prefix, further)));
      return { ...view, close() {} };
    },

    close: () => client.destroy(),
  };
}

/** The signature covers the body's SHA-256, which the SDK would compute once more; the store refuses a body that does not fit it. */
function signWith(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    (next) => (call) => {
      Object.assign((call.request as { headers: Record<string, string> }).headers, { "x-amz-content-sha256": sha256 });
      return next(call);
    },
    { step: "build" },
  );
}

type PutInput = ConstructorParameters<typeof PutObjectCommand>[0];

/**
 * The store decides by `If-None-Match: *`. Looking first protects stores that silently ignore that header; where a store
 * refuses it as unknown, looking first is all there is, and two writers in the same instant may both believe they won.
 */
async function putIfAbsent(bucket: Bucket, input: PutInput, request: S3Request): Promise<void> {
  const { client } = bucket.connection;
  const { Bucket, Key } = input;
  if (await exists(bucket, { Bucket, Key }, request)) {
    throw new StorageError("AlreadyExists", `Could not ${request.action} ${request.subject}: it is already there`);
  }
  await exchange(bucket, request, async (options) => {
    try {
      assertStored((await client.send(new PutObjectCommand({ ...input, IfNoneMatch: "*" }), options)).ETag, request);
    } catch (error) {
      if (statusOf(error) !== 501 && !hasCode(error, "NotImplemented")) throw error;
      assertStored((await client.send(new PutObjectCommand(input), options)).ETag, request);
    }
  });
}

async function exists(
  bucket: Bucket,
  at: { Bucket: string | undefined; Key: string | undefined },
  request: S3Request,
): Promise<boolean> {
  try {
    await exchange(bucket, request, async (options) =>
      assertOfStore(await bucket.connection.client.send(new HeadObjectCommand(at), options), request),
    );
    return true;
  } catch (error) {
    if (isStorageError(error, "NotFound")) return false;
    throw error;
  }
}

interface ReadOptions {
  readonly range: ByteRange | undefined;
  readonly allocate: Allocate | undefined;
}

/** The body into one buffer of the promised length; anything shorter or longer is an error, if it is the store's answer at all. */
async function readBody(
  answer: GetObjectCommandOutput,
  { range, allocate = Buffer.allocUnsafe, ...request }: S3Request & ReadOptions,
): Promise<Buffer> {
  const { action, subject, endpoint } = request;
  const body = answer.Body as (AsyncIterable<Buffer> & { destroy(): void }) | undefined;
  let promised: number;
  try {
    promised = promisedLength(answer, range, request);
  } catch (error) {
    body?.destroy();
    throw error;
  }
  const cutShort = (count: number) =>
    new StorageError("Unreachable", `Could not ${action} ${subject}: ${endpoint} broke off after ${count} bytes`, {
      transient: true,
    });
  const buffer = allocate(promised);
  let filled = 0;
  for await (const part of body ?? []) {
    if (filled + part.length > promised) throw cutShort(filled);
    filled += part.copy(buffer, filled);
    shortLived(part.length);
  }
  if (filled !== promised) throw cutShort(filled);
  return buffer;
}

/** How long the body is going to be, if it is the store's and what was asked for. */
function promisedLength(answer: GetObjectCommandOutput, range: ByteRange | undefined, request: S3Request): number {
  assertOfStore(answer, request);
  const promised = answer.ContentLength;
  const failed = (kind: "Failed" | "Corrupted", why: string) =>
    new StorageError(kind, `Could not ${request.action} ${request.subject}: ${why}`);
  if (promised === undefined) throw failed("Failed", "the store does not say how long it is");
  if (range && promised !== range.length)
    throw failed("Corrupted", `it should hold ${range.length} bytes from ${range.offset}, the store has ${promised}`);
  return promised;
}

async function* listAll(
  bucket: Bucket,
  prefix: string,
  start: string,
  request: S3Request,
): AsyncGenerator<StoredObject> {
  const cut = prefix === "" ? 0 : prefix.length + 1;
  for await (const page of pages(bucket, prefix === "" ? start : `${prefix}/${start}`, undefined, request)) {
    for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
      // Some tools mark folders by empty objects whose name ends in a slash.
      if (!Key.endsWith("/")) yield { key: Key.slice(cut), size: Size, modified: LastModified?.getTime() ?? 0 };
    }
  }
}

async function* pages(bucket: Bucket, Prefix: string, Delimiter: string | undefined, request: S3Request) {
  let ContinuationToken: string | undefined;
  do {
    const input = { Bucket: bucket.name, Prefix, Delimiter, ContinuationToken };
    const page = await exchange(bucket, request, (options) =>
      bucket.connection.client.send(new ListObjectsV2Command(input), options),
    );
    // A page that is no listing must not be taken for an empty one.
    if (page.IsTruncated === undefined) throw noStore(request, "the answer is no list");
    yield page;
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    if (page.IsTruncated && !ContinuationToken) {
      throw new StorageError("Failed", `Could not ${request.action} ${request.subject}: the list breaks off`);
    }
  } while (ContinuationToken);
}
