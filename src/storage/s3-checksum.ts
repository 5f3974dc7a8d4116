import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { S3Connection } from "./s3-client.ts";

/** CRC-32 is the cheapest that today's stores verify; Content-MD5 is the one that every store verifies. */
export function checksumOf(
  data: Uint8Array,
  { checksums }: S3Connection,
): { ChecksumCRC32: string } | { ContentMD5: string } {
  if (checksums === "WhenRequired") return { ContentMD5: createHash("md5").update(data).digest("base64") };
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(data));
  return { ChecksumCRC32: sum.toString("base64") };
}
