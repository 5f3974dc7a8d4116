import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { answers } from "./probe.ts";
import { type Component, ensureComponent } from "./processes.ts";
import { region, type Store, stateFolder, stores } from "./settings.ts";

/** Starts the two S3 stores, each a process with keys and folders of its own, and makes their buckets. */
export async function ensureStores(binaries: string, host: string): Promise<void> {
  await Promise.all(
    stores.map(async (store) => {
      await ensureComponent(await server(binaries, store, host));
      await ensureBucket(store, host);
    }),
  );
}

async function server(binaries: string, store: Store, host: string): Promise<Component> {
  const data = join(stateFolder, "s3", store.name, "data");
  const versions = join(stateFolder, "s3", store.name, "versions");
  await mkdir(data, { recursive: true });
  await mkdir(versions, { recursive: true });
  return {
    name: `s3-${store.name}`,
    command: [
      join(binaries, "versitygw"),
      "--port",
      `${host}:${store.port}`,
      "--region",
      region,
      "--health",
      "/health",
      "--quiet",
      "posix",
      "--versioning-dir",
      versions,
      data,
    ],
    environment: { ROOT_ACCESS_KEY: store.accessKey, ROOT_SECRET_KEY: store.secretKey },
    ready: () => answers(`http://${host}:${store.port}/health`),
  };
}

/** Buckets are not versioned: a test that wants Object Lock makes a bucket of its own. */
export async function ensureBucket(store: Store, host: string): Promise<void> {
  const { BucketAlreadyOwnedByYou, CreateBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    endpoint: `http://${host}:${store.port}`,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: store.accessKey, secretAccessKey: store.secretKey },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: store.bucket }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  } finally {
    client.destroy();
  }
}
