import { filesystemStorage } from "./filesystem.ts";
import { parseLocation, type StoreLocation } from "./location.ts";
import { type RetryOptions, retrying } from "./retry.ts";
import type { Storage } from "./storage.ts";

/**
 * The store a location names, with retries. Nothing is contacted yet. The S3 SDK is loaded only where it is needed,
 * since that takes longer than a small backup. Throws `InvalidLocationError`.
 */
export async function openStorage(location: StoreLocation, retry: RetryOptions = {}): Promise<Storage> {
  const address = parseLocation(location.url);
  if (address.kind === "filesystem") return retrying(filesystemStorage(address.folder), retry);

  const [{ connectS3 }, { s3Storage }] = await Promise.all([import("./s3-client.ts"), import("./s3.ts")]);
  const connection = connectS3({
    options: location.s3 ?? {},
    credentialsDirectory: location.credentialsDirectory,
    environment: process.env,
  });
  return retrying(s3Storage(connection, address.bucket, address.prefix), retry);
}
