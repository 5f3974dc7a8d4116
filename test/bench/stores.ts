import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { startS3Server } from "../support/versitygw.ts";
import { countRequests } from "./access-log.ts";
import { startCountingProxy } from "./counting-proxy.ts";
import type { Traffic } from "./sample.ts";

/** Where one repository lies, in the words of all programs. */
export type Place = { readonly name: string; readonly folder: string } & (
  | { readonly kind: "folder" }
  | {
      readonly kind: "s3";
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly prefix: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    }
);

export type StoreName = "folder" | "s3";

export interface BenchStore {
  readonly name: StoreName;
  /** A place for a repository. `counted`: its traffic is counted, which costs time. `folder` always holds its files. */
  place(name: string, counted: boolean): Place;
  /** What went to and from counted places while `action` ran; undefined where nothing can be counted. */
  traffic<Result>(action: () => Promise<Result>): Promise<{ result: Result; traffic: Traffic | undefined }>;
  close(): Promise<void>;
}

export const openStore = async (name: StoreName, scratch: string): Promise<BenchStore> =>
  name === "folder" ? folderStore(join(scratch, "repositories")) : s3Store();

const folderStore = (root: string): BenchStore => ({
  name: "folder",
  place: (name) => ({ kind: "folder", name, folder: join(root, name) }),
  traffic: async (action) => ({ result: await action(), traffic: undefined }),
  close: async () => rmSync(root, { recursive: true, force: true }),
});

async function s3Store(): Promise<BenchStore> {
  const server = await startS3Server();
  const proxy = await startCountingProxy(Number(new URL(server.endpoint).port));
  const requests = () => countRequests(readFileSync(server.accessLog, "utf8"));
  return {
    name: "s3",
    place(name, counted) {
      const { region, bucket, accessKeyId, secretAccessKey, bucketFolder } = server;
      const endpoint = counted ? `http://127.0.0.1:${proxy.port}` : server.endpoint;
      const folder = join(bucketFolder, name);
      return { kind: "s3", name, folder, endpoint, region, bucket, prefix: name, accessKeyId, secretAccessKey };
    },
    async traffic(action) {
      const before = { ...proxy.counts, requests: requests() };
      const result = await action();
      const traffic = {
        requests: requests() - before.requests,
        sentBytes: proxy.counts.sentBytes - before.sentBytes,
        receivedBytes: proxy.counts.receivedBytes - before.receivedBytes,
      };
      // Without a byte through the proxy the place was not a counted one.
      return { result, traffic: traffic.sentBytes > 0 ? traffic : undefined };
    },
    async close() {
      await proxy.close();
      await server.remove();
    },
  };
}

/** The sizes of all files below a folder, in bytes; 0 where there is none. */
export function storedBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
