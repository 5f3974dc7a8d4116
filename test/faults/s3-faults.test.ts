import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { retrying } from "../../src/storage/retry.ts";
import { s3Storage } from "../../src/storage/s3.ts";
import { connectS3 } from "../../src/storage/s3-client.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { type S3Server, startS3Server } from "../support/versitygw.ts";
import { repositoryScenarios } from "./fault-scenarios.ts";
import { type Scenario, type Subject, sizeOf } from "./fault-subject.ts";
import { type FaultyProxy, type NetworkFault, networkFaults, startFaultyProxy } from "./faulty-proxy.ts";
import type { Objects } from "./hostile-repository.ts";
import { mirrorScenarios } from "./mirror-scenarios.ts";
import { isLong, writeSection } from "./report.ts";

/**
 * Real requests to a real S3 server, with a proxy between that breaks one of them. With the retries of every day each command must
 * end well or say that it did not; what it leaves is judged as in `storage-faults.test.ts`.
 */

/** Requests that are struck of each command: the first of as many equal parts. */
const parts = isLong ? 1000 : 3;
const scenarios: readonly Scenario[] = [...repositoryScenarios, ...mirrorScenarios];
const daily = ["an incremental backup", "forget and prune", "a run with changes of a mirror"];
const chosen = isLong ? scenarios : scenarios.filter(({ name }) => daily.includes(name));

let server: S3Server;
let proxy: FaultyProxy;
let folder: string;
let prefixes = 0;
const opened: Storage[] = [];
const survived = new Map<NetworkFault, Set<string>>();

beforeAll(async () => {
  folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "holdfast-s3-faults-"));
  server = await startS3Server();
  proxy = await startFaultyProxy(server.endpoint);
  Object.assign(process.env, server.environment);
});
afterAll(async () => {
  for (const storage of opened) storage.close();
  await proxy.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
  const isWhole = networkFaults.every((fault) => survived.get(fault)?.size === chosen.length);
  if (isWhole) writeSection("Faults between us and a real S3 server", reportLines());
});

function connect(endpoint: string, prefix: string): Storage {
  const connection = connectS3({ options: { endpoint, region: server.region }, environment: {} });
  const storage = retrying(s3Storage(connection, server.bucket, prefix), { firstPauseMs: 5 });
  opened.push(storage);
  return storage;
}

async function upload({ objects }: Subject, prefix: string): Promise<void> {
  const storage = connect(server.endpoint, prefix);
  for (const [key, bytes] of objects) await storage.put(key, bytes);
}

async function download(prefix: string): Promise<Objects> {
  const storage = connect(server.endpoint, prefix);
  const objects: Objects = new Map();
  for await (const { key } of storage.list("")) objects.set(key, await storage.get(key));
  return objects;
}

const cases = chosen.flatMap((scenario) => networkFaults.map((fault) => ({ scenario, fault })));

test.each(cases)("$scenario.name survives $fault", async ({ scenario, fault }) => {
  const subject = await scenario.prepare(join(folder, `subject-${prefixes}`));
  const { judge } = subject;
  const trial = async (armed: NetworkFault | undefined, at: number): Promise<number> => {
    const prefix = `trial-${prefixes++}`;
    await upload(subject, prefix);
    proxy.arm(armed, at);
    const place = `${prefix}/${subject.prefix}`;
    const ended = await subject.run(connect(proxy.endpoint, place), 0);
    const requests = proxy.requests();
    const objects = await download(prefix);
    await judge.expectWhole(objects);
    if (ended.isDone) await judge.expectDone(objects, ended, sizeOf(subject.objects));
    else
      expect(ended.said, "an old listing may end a run; all else passes by itself").toMatch(
        armed === "an old answer to a listing" ? /./ : /^$/,
      );
    if (ended.isDone) return requests;
    const next = await subject.run(connect(server.endpoint, place), 1);
    expect(next.isDone, next.said).toBe(true);
    const after = await download(prefix);
    await judge.expectWhole(after);
    await judge.expectDone(after, next, sizeOf(objects));
    return requests;
  };
  const requests = await trial(undefined, 0);
  let struck = 0;
  for (let part = 0; part < Math.min(parts, requests); part++) {
    await trial(fault, 1 + Math.floor((part * requests) / Math.min(parts, requests)));
    if (proxy.hasStruck()) struck++;
  }
  expect(struck, "the fault was to strike").toBeGreaterThan(0);
  survived.set(fault, (survived.get(fault) ?? new Set()).add(scenario.name));
});

test("an upload that was changed on its way is refused by the store", async () => {
  const storage = s3Storage(
    connectS3({ options: { endpoint: proxy.endpoint, region: server.region }, environment: {} }),
    server.bucket,
    "changed",
  );
  opened.push(storage);
  proxy.arm("an upload with a changed bit", 1);
  await expect(storage.put("object", Buffer.from("what was meant"))).rejects.toMatchObject({ name: "StorageError" });
  expect(proxy.hasStruck()).toBe(true);
  await expect(storage.get("object")).rejects.toMatchObject({ kind: "NotFound" });
});

function reportLines(): string[] {
  const names = chosen.map(({ name }) => name);
  return [
    "A proxy breaks one request of each run to versitygw, a real S3 server; every run was survived, with the retries of every day.",
    "",
    `| fault | ${names.join(" | ")} |`,
    `|---|${names.map(() => "---").join("|")}|`,
    ...networkFaults.map((fault) => `| ${[fault, ...names.map(() => "survived")].join(" | ")} |`),
  ];
}
