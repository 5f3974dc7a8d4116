import { hash } from "node:crypto";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll } from "vitest";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { storedFiles } from "../support/stored-files.ts";
import { type S3Server, startS3Server } from "../support/versitygw.ts";

/** Where a mirror lies. */
export interface MirrorPlace {
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  /** SHA-256 of every object below the mirror, by key, as another tool sees them. */
  objects(): Promise<Record<string, string>>;
  /** Where its objects are on this machine. */
  readonly folder: string;
}

export interface MirrorPlaces {
  folderPlace(): MirrorPlace;
  s3Place(): MirrorPlace;
  /** A path that is not there yet. */
  newPath(name: string): string;
  /** The folder that all of it is in. */
  root(): string;
}

/** Places for the tests of one file: folders, and prefixes in a real S3 server. Removed behind the last test. */
export function useMirrorPlaces(): MirrorPlaces {
  let scratch: Scratch;
  let server: S3Server;
  let client: S3Client;
  let count = 0;

  beforeAll(async () => {
    scratch = makeScratch();
    server = await startS3Server();
    client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
    });
  });
  afterAll(async () => {
    client?.destroy();
    await server?.remove();
    scratch?.remove();
  });

  const newPath = (name: string): string => scratch.path(`${name}-${count++}`);
  return {
    newPath,
    root: () => scratch.path("."),
    folderPlace() {
      const folder = newPath("mirror");
      return { url: `file://${folder}`, environment: {}, folder, objects: async () => storedFiles(folder) };
    },
    s3Place() {
      const prefix = `mirrors/${count++}`;
      return {
        url: `s3://${server.bucket}/${prefix}`,
        environment: server.environment,
        folder: join(server.bucketFolder, prefix),
        objects: () => hashesInBucket(client, server.bucket, prefix),
      };
    },
  };
}

async function hashesInBucket(client: S3Client, bucket: string, prefix: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}/`, ContinuationToken: token }),
    );
    for (const { Key = "" } of page.Contents ?? []) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      found[Key.slice(prefix.length + 1)] = hash("sha256", (await Body?.transformToByteArray()) ?? "");
    }
    token = page.NextContinuationToken;
  } while (token);
  return found;
}
