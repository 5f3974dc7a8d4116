import { DeleteObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";

// `node clear-prefix.ts BUCKET PREFIX`: deletes every object below a prefix; where and with which keys by AWS_* variables.
const [Bucket, Prefix] = process.argv.slice(2);
if (!Bucket || !Prefix) throw new Error("usage: clear-prefix.ts BUCKET PREFIX");
const client = new S3Client({ forcePathStyle: true });
for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
  for (const { Key } of page.Contents ?? []) await client.send(new DeleteObjectCommand({ Bucket, Key }));
}
