import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { setting, storeOf, type TargetName } from "./cluster.ts";

function open(target: TargetName): { readonly s3: S3Client; readonly bucket: string } {
  const { endpoint, bucket, accessKey, secretKey } = storeOf(target);
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  return { s3: new S3Client({ endpoint, region: setting("REGION"), forcePathStyle: true, credentials }), bucket };
}

/** All keys below a prefix, seen from outside of the cluster. */
export async function listKeys(target: TargetName, prefix: string): Promise<string[]> {
  const { s3, bucket } = open(target);
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }));
    for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key);
    token = page.NextContinuationToken;
  } while (token);
  return keys;
}

/** Turns over one byte in the middle of every object whose key matches, as a bad disk would. Gives how many. */
export async function damage(target: TargetName, prefix: string, matching: RegExp): Promise<number> {
  const { s3, bucket } = open(target);
  const keys = (await listKeys(target, prefix)).filter((key) => matching.test(key));
  for (const key of keys) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  }
  return keys.length;
}

export async function removeAll(target: TargetName, prefix: string): Promise<void> {
  const { s3, bucket } = open(target);
  const keys = await listKeys(target, prefix);
  for (let start = 0; start < keys.length; start += 1000) {
    const Objects = keys.slice(start, start + 1000).map((Key) => ({ Key }));
    await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
  }
}
