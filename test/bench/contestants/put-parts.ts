import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

/** `node put-parts.ts FOLDER BUCKET PREFIX`: puts all files, one after the other as one stream, in objects of 16 MiB. */
const [folder = "", bucket = "", prefix = ""] = process.argv.slice(2);
const partBytes = 16 * 1024 * 1024;
const inFlight = 4;

function* parts(): Generator<Buffer> {
  let part = Buffer.alloc(partBytes);
  let filled = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = openSync(join(entry.parentPath, entry.name), "r");
    for (let read = 1; read > 0; ) {
      read = readSync(file, part, filled, partBytes - filled, null);
      filled += read;
      if (filled < partBytes) continue;
      yield part;
      part = Buffer.alloc(partBytes);
      filled = 0;
    }
    closeSync(file);
  }
  if (filled > 0) yield part.subarray(0, filled);
}

const client = new S3Client({ forcePathStyle: true });
let number = 0;
const waiting = parts();
const put = async (): Promise<void> => {
  for (const body of waiting) {
    const Key = `${prefix}/${number++}`;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: body }));
  }
};
await Promise.all(Array.from({ length: inFlight }, put));
